import { afterLine, fullAllowance } from '../../domain/adapter/allowance.ts';
import type { Allowance } from '../../domain/adapter/allowance.ts';
import type { ChildLine } from '../../domain/adapter/child.ts';
import type { Logger } from '../log.ts';

type Asked = Exclude<ChildLine, { kind: 'answer' }>;

/** Passes on what a child asks as often as each kind is heard; what is ignored is counted, and said once an interval. */
export function heardLines(
  name: string,
  log: Pick<Logger, 'warn'>,
  asked: (line: Asked) => void,
): (line: Asked) => void {
  const allowances = new Map<Asked['kind'], Allowance>();
  return (line) => {
    const now = performance.now();
    const after = afterLine(allowances.get(line.kind) ?? fullAllowance(now), now);
    allowances.set(line.kind, after);
    if (after.ignored === 0) asked(line);
    else if (after.ignored === 1)
      log.warn({ event: 'adapter_child.flood', adapter: name, kind: line.kind, ignored: after.ignored_ever });
  };
}
