import { z } from 'zod';
import { named } from '../registry.ts';

export const eventStream = named(
  'EventStream',
  z
    .string()
    .describe(
      'Server-sent events: `id` is <epoch>-<index>, `event` the action of the entry, `data` its leaf as JSON. ' +
        '`event: gap` with {epoch, from, to} stands for entries that a client read too slowly for; `/v1/ledger/entries` lists them. ' +
        'Comments keep an idle stream alive.',
    ),
);
