import type { Operation } from '../operation.ts';
import { count, text } from '../schemas/common.ts';
import {
  binary,
  consistencyProof,
  inclusionProof,
  ledgerEntries,
  ledgerKeys,
  plainText,
  promoted,
  promotion,
} from '../schemas/ledger.ts';
import { secondPerson } from '../schemas/trust.ts';

const tag = 'ledger';
const PLAIN = 'text/plain';

export const operations: Operation[] = [
  {
    method: 'POST',
    path: '/v1/restore/promote',
    action: 'restore.promote',
    id: 'promoteRecord',
    tag,
    about:
      'Lets a restored record go on, by two people: its log gets a new epoch, whose first entry names what was lost.',
    headers: ['Idempotency-Key'],
    body: promotion,
    responses: {
      200: { about: 'granted', schema: promoted },
      202: { about: 'the first of two people was heard', schema: secondPerson },
    },
    problems: ['log_not_current', 'confirmation_required', 'idempotency_key_reused'],
  },
  {
    method: 'GET',
    path: '/ledger/key',
    action: 'open',
    id: 'getLedgerKey',
    tag,
    about: 'The verifier key line of the log (C2SP signed-note).',
    responses: { 200: { about: 'the key', schema: plainText, type: PLAIN } },
    problems: ['ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/ledger/keys',
    action: 'open',
    id: 'getLedgerKeys',
    tag,
    about:
      'Every key of the log, oldest first, with the statements that hand it over, and the keys of the logs that ended.',
    responses: { 200: { about: 'the keys', schema: ledgerKeys } },
    problems: ['ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/ledger/checkpoint',
    action: 'open',
    id: 'getCheckpoint',
    tag,
    about: 'The newest signed checkpoint (C2SP tlog-checkpoint).',
    responses: { 200: { about: 'the signed note', schema: plainText, type: PLAIN } },
    problems: ['ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/ledger/tile/*tile',
    action: 'ledger.read',
    id: 'getTile',
    tag,
    about:
      'A tile of hashes `<L>/<N>[.p/<W>]` or a bundle of entries `entries/<N>[.p/<W>]` (C2SP tlog-tiles). Open to anyone where the ledger is public.',
    inPath: { tile: { about: 'the path of the tile', schema: text(128) } },
    responses: { 200: { about: 'the bytes, for ever the same', schema: binary, type: 'application/octet-stream' } },
    problems: ['tile_not_found', 'ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/v1/ledger/records',
    action: 'ledger.read',
    id: 'getRecords',
    tag,
    about:
      'What is on record for the workspace as of one moment, to be held against the log: anchors, incidents, holds, one JSON value a line. The last line names the size of a signed checkpoint that covers it.',
    responses: { 200: { about: 'the lines', schema: binary, type: 'application/x-ndjson' } },
    problems: [
      'unknown_field',
      'too_many_requests',
      'ledger_unpublished',
      'log_signer_unavailable',
      'spool_unavailable',
    ],
  },
  {
    method: 'GET',
    path: '/v1/ledger/entries',
    action: 'incident.read',
    id: 'listEntries',
    tag,
    about: 'Entries of the workspace in the order of the log.',
    query: {
      from: { about: 'the first index', schema: count },
      limit: { about: 'at most 1000', schema: count },
      cursor: { about: 'of the next page', schema: text(16) },
    },
    responses: { 200: { about: 'the entries', schema: ledgerEntries, paged: true } },
    problems: ['validation_failed', 'unknown_field', 'ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/v1/ledger/proof',
    action: 'incident.read',
    id: 'proveEntry',
    tag,
    about: 'An entry of the workspace with its inclusion proof under the newest signed checkpoint.',
    query: { index: { about: 'of the entry', schema: count, required: true } },
    responses: { 200: { about: 'the proof', schema: inclusionProof } },
    problems: ['entry_not_found', 'validation_failed', 'unknown_field', 'ledger_unpublished'],
  },
  {
    method: 'GET',
    path: '/v1/ledger/consistency',
    action: 'incident.read',
    id: 'proveConsistency',
    tag,
    about: 'That the log of an earlier size is the beginning of the one under the newest signed checkpoint.',
    query: { from: { about: 'the earlier size', schema: count, required: true } },
    responses: { 200: { about: 'the proof', schema: consistencyProof } },
    problems: ['validation_failed', 'unknown_field', 'ledger_unpublished'],
  },
];
