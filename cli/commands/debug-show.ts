import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Body {
  text: string | null;
  omitted: string | null;
  truncated: boolean;
  redacted: number;
}

interface Shown {
  capture_id: string;
  window_id: string;
  source: string;
  at: string;
  method: string;
  path_template: string;
  status: number | null;
  actor: string;
  expires_at: string;
  content: { target: string; failure: string | null; request: Body; response: Body };
}

const bodyText = ({ text, omitted, truncated }: Body): string =>
  text === null ? `none (${omitted ?? 'unknown'})` : truncated ? `${text} (cut off)` : text;

export const command = defineCommand({
  name: 'debug show',
  about: 'Show a capture with its redacted bodies; the ledger records who reads it',
  operands: { capture: { about: 'the id of the capture' } },
  run: async ({ operands: { capture } }, { client, out }) => {
    const { body } = await client.get<Shown>(`/v1/debug/captures/${encodeURIComponent(capture)}`);
    out.answer(body, () =>
      out.facts([
        ['capture_id', body.capture_id],
        ['window_id', body.window_id],
        ['source', body.source],
        ['at', body.at],
        ['method', body.method],
        ['path_template', body.path_template],
        ['target', body.content.target],
        ['status', body.status],
        ['failure', body.content.failure],
        ['actor', body.actor],
        ['expires_at', body.expires_at],
        ['redacted', body.content.request.redacted + body.content.response.redacted],
        ['request', bodyText(body.content.request)],
        ['response', bodyText(body.content.response)],
      ]),
    );
    return EXIT.done;
  },
});
