import { payloadsBody } from '../../payload-request.ts';
import type { Operation } from '../operation.ts';
import { named } from '../registry.ts';

const tag = 'codec';
const payloads = named('Payloads', payloadsBody.describe('temporal.api.common.v1.Payloads as JSON; bytes are base64'));
const common = {
  method: 'POST',
  action: 'history.decode',
  tag,
  body: payloads,
  responses: { 200: { about: 'the same payloads', schema: payloads } },
} as const;

export const operations: Operation[] = [
  {
    ...common,
    path: '/v1/codec/decode',
    id: 'decodePayloads',
    about: 'Opens what the engine keeps sealed, for its Web UI and CLI (`--codec-endpoint`).',
    problems: ['payload_unreadable'],
  },
  {
    ...common,
    path: '/v1/codec/encode',
    id: 'encodePayloads',
    about: 'Seals payloads as this server does, for the engine’s Web UI and CLI.',
    problems: ['payload_unreadable'],
  },
];
