import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface NodeStatus {
  node: string;
  state?: string;
  simulated?: boolean;
  last_passed?: boolean | null;
  last_pass_at?: string | null;
  last_result_at?: string | null;
  missed_quotes?: number;
}

interface Status {
  state: string;
  nodes: NodeStatus[];
}

export const command = defineCommand({
  name: 'attestation status',
  about: 'Show whether the nodes are trusted',
  notes: 'Exit code 0 when the state is trusted, else 1.',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<Status>('/v1/attestation');
    out.answer(body, () => {
      out.facts([['state', body.state]]);
      out.table(
        body.nodes,
        [
          { head: 'NODE', cell: (n) => n.node },
          { head: 'STATE', cell: (n) => n.state },
          { head: 'PASSED', cell: (n) => n.last_passed },
          { head: 'LAST PASS', cell: (n) => n.last_pass_at },
          { head: 'LAST RESULT', cell: (n) => n.last_result_at },
          { head: 'MISSED', cell: (n) => n.missed_quotes },
          { head: 'SIMULATED', cell: (n) => n.simulated },
        ],
        'no node is enrolled',
      );
    });
    return body.state === 'trusted' ? EXIT.done : EXIT.no;
  },
});
