import { requestDigest } from '../../db/command/decisions.ts';
import type { IntakeRequest } from '../../db/command/intake.ts';
import { incidentView } from '../../domain/incident/record.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { parseReport } from '../../domain/report/report.ts';
import type { Report } from '../../domain/report/report.ts';
import type { Principal } from '../auth/principal.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { untilSettled, waitPreference } from '../prefer-wait.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const key = idempotencyKey(call.req);
  const wait = waitPreference(call.req.headers.prefer);
  const body = await readJson(call.req);
  const parsed = parseReport(body);
  if (!parsed.ok) throw refusalOf(parsed.problem);
  requireBound(call.principal, parsed.report);
  const request: IntakeRequest = {
    ...call.caller,
    report: parsed.report,
    evidence: parsed.evidence,
    key: key === undefined ? null : { decision_id: key, request_digest: requestDigest(body) },
  };
  const reply = await deps.intake.submit(request);
  if (!reply.ok)
    throw new DomainError(
      reply.code,
      reply.path === undefined ? {} : { fields: [{ path: reply.path, code: reply.code }] },
    );
  if (wait === undefined) return { status: reply.status, body: incidentView(reply.incident) };
  const settled = await untilSettled(deps.db, reply.incident, wait, call.req);
  return { status: reply.status, body: incidentView(settled), headers: { 'Preference-Applied': `wait=${wait}` } };
}

const refusalOf = ({
  code,
  fields,
}: {
  code: DomainError['code'];
  fields?: DomainError['details']['fields'];
}): DomainError => new DomainError(code, fields === undefined ? {} : { fields });

/** A reporter's token may name its own source and its own classes only. */
function requireBound({ report_source, report_classes }: Principal, report: Report): void {
  if (report_source !== undefined && report_source !== report.source) throw new DomainError('not_permitted');
  if (report_classes !== undefined && !report_classes.includes(report.class)) throw new DomainError('not_permitted');
}

export const route: Route = { method: 'POST', path: '/api/v1/incidents/report', action: 'incident.report', handler };
