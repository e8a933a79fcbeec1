import { randomUUID } from 'node:crypto';
import { requestDigest } from '../../../db/command/decisions.ts';
import type { TokenTerms } from '../../../domain/identity/token.ts';

export const TERMS: TokenTerms = {
  user_id: 'olga',
  roles: ['operator'],
  label: null,
  report_source: null,
  report_classes: null,
  lifetime: 3600,
};

export const decisionKey = () => ({ decision_id: randomUUID(), request_digest: requestDigest({}) });
