import { ill, well } from '../../../domain/doctor/finding.ts';
import type { Said } from '../../../domain/doctor/finding.ts';
import type { ClientCheck } from '../check.ts';
import { preflight } from '../preflight.ts';
import type { PreflightAnswer } from '../preflight.ts';

/** RFC 6761 §6.4: nobody's name. */
const STRANGER = 'https://stranger.invalid';

const words = (value: string | undefined): string[] => (value ?? '').toLowerCase().split(/\s*,\s*/);

/** A page of nobody's is let in by no server or proxy; a page of the origin that was named is. */
export const check: ClientCheck = {
  name: 'client:cors',
  component: false,
  run: async ({ baseUrl }, { corsOrigin }) => {
    const said = [judgeStranger(await preflight(baseUrl, STRANGER))];
    if (corsOrigin !== undefined) said.push(judgeNamed(await preflight(baseUrl, corsOrigin), corsOrigin));
    return said;
  },
};

function judgeStranger({ headers }: PreflightAnswer): Said {
  return headers['access-control-allow-origin'] === undefined
    ? well('a strange origin is not let in', 'stranger')
    : ill('cors_any_origin', 'any origin is let in', 'stranger');
}

function judgeNamed({ status, headers }: PreflightAnswer, origin: string): Said {
  const allowed = headers['access-control-allow-origin'];
  if (allowed === '*') return ill('cors_any_origin', 'any origin is let in', 'origin');
  if (status < 200 || status > 299 || allowed !== origin)
    return ill(
      'cors_refused',
      `the preflight of the origin is answered with status ${status} and does not let it in`,
      'origin',
    );
  if (!words(headers['access-control-allow-headers']).includes('authorization'))
    return ill('cors_headers', 'the origin may not send its token', 'origin');
  if (!words(headers['vary']).includes('origin'))
    return ill('cors_uncached', 'caches are not told that the answer depends on the origin', 'origin');
  return well('the origin is let in', 'origin');
}
