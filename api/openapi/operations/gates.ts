import { PROBLEM_TYPE } from '../../reply.ts';
import type { Operation } from '../operation.ts';
import { gateCheck, gateList, gateUnknown, gateVerdict } from '../schemas/gates.ts';

const tag = 'gates';

export const operations: Operation[] = [
  {
    method: 'GET',
    path: '/v1/gates',
    action: 'gates.check',
    id: 'listGates',
    tag,
    about: 'The five gates with what holds them.',
    responses: { 200: { about: 'the gates', schema: gateList } },
  },
  {
    method: 'POST',
    path: '/v1/gates/check',
    action: 'gates.check',
    id: 'checkGate',
    tag,
    about: 'Whether a gate is open for a target at this moment. Anything but `open: true` means closed.',
    body: gateCheck,
    responses: {
      200: { about: 'the verdict', schema: gateVerdict },
      503: { about: 'nobody can tell: closed', schema: gateUnknown, type: PROBLEM_TYPE },
    },
  },
];
