import type { Heard, HeardBody } from '../../activities/egress/heard.ts';
import type { Hear } from '../../activities/upstreams/hearing.ts';
import type { CapturePoint, SeenBody } from '../../db/capture-point.ts';
import { readBody } from '../captures/read-body.ts';
import { SLOTS_OF } from './secrets.ts';

export type Captures = Pick<CapturePoint, 'watches' | 'offer'>;

/** What is said with upstreams, for windows of the workspace whose slots they use. */
export const hearUpstreams =
  (captures: Captures): Hear =>
  ({ name }) =>
    captures.watches(SLOTS_OF) ? (heard) => captures.offer(exchangeOf(name, heard)) : undefined;

const exchangeOf = (name: string, { method, url, status, failure, request, response }: Heard) => ({
  workspace_id: SLOTS_OF,
  source: 'upstream' as const,
  method,
  path_template: `upstream/${name}`,
  target: url,
  status,
  failure,
  request: () => seen(request),
  response: () => seen(response),
  actor: 'upstreams',
  on_behalf_of: null,
});

const seen = ({ text, bytes, withheld = false }: HeardBody): SeenBody => ({
  value: text === null || withheld ? undefined : readBody(text),
  bytes,
  withheld,
});
