import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Listed {
  name: string;
  kind: string;
  url: string;
  auth: string;
  auth_ref: string | null;
  default: boolean;
  probes: { probe: string; ok: boolean | null; code: string | null }[];
}

const readiness = ({ probes }: Listed): string => {
  const found = probes.find(({ probe }) => probe === 'readiness');
  return found?.ok === true ? 'ready' : (found?.code ?? 'unchecked');
};

export const command = defineCommand({
  name: 'upstream list',
  about: 'List what is called with a credential, where the credential is, and whether it answers',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<{ upstreams: Listed[] }>('/v1/upstreams');
    out.answer(body, () =>
      out.table(
        body.upstreams,
        [
          { head: 'NAME', cell: ({ name }) => name },
          { head: 'KIND', cell: ({ kind }) => kind },
          { head: 'DEFAULT', cell: (each) => each.default },
          { head: 'READINESS', cell: readiness },
          { head: 'AUTH', cell: ({ auth }) => auth },
          { head: 'AUTH_REF', cell: ({ auth_ref }) => auth_ref },
          { head: 'URL', cell: ({ url }) => url },
        ],
        'no upstream is loaded',
      ),
    );
    return EXIT.done;
  },
});
