import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const honest = (i: number, more = ''): string =>
  `{"class":"model_behavior_anomaly","source":"monitor-${i}","description":"drift","evidence":{"model_path":"/m/${i}"}${more}}`;

const poisons: Record<string, [body: string, code: string]> = {
  'a NUL': [honest(0).replace('drift', 'dri\\u0000ft'), 'unrepresentable'],
  'a NUL in a key': [honest(0).replace('model_path', 'model\\u0000path'), 'unrepresentable'],
  'a lone surrogate': [honest(0).replace('drift', 'dri\\ud800ft'), 'unrepresentable'],
  'a number beyond a double': [honest(0).replace('"/m/0"', '1e400'), 'unrepresentable'],
  'a repeated dedup_key': [honest(0, ',"dedup_key":"a","dedup_key":"b"'), 'repeated_key'],
  'an oversized entry': [honest(0).replace('/m/0', 'x'.repeat(20_000)), 'validation_failed'],
  'the key __proto__': [honest(0).replace('model_path', '__proto__'), 'unrepresentable'],
  'a second value': [`${honest(0)} {}`, 'malformed_json'],
  'bytes that are no UTF-8': ['', 'malformed_json'],
};

describe('one poisoned report among 63 honest ones', () => {
  it.each(Object.entries(poisons))('S4-01 %s: 63 are recorded, one is refused', async (name, [body, code]) => {
    const before = await count();
    const bytes = name.startsWith('bytes')
      ? Buffer.concat([Buffer.from(honest(0)), Buffer.from([0xff])])
      : Buffer.from(body);
    const answers = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const response = await fetch(`${api.url}/api/v1/incidents/report`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: i === 31 ? bytes : honest(i),
        });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      }),
    );
    expect(answers.filter((a) => a.status === 201)).toHaveLength(63);
    expect(answers[31]).toMatchObject({ status: 400, body: { code } });
    expect(new Set(answers.filter((_, i) => i !== 31).map((a) => a.body['id'])).size).toBe(63);
    expect(await count()).toBe(before + 63);
  });

  const count = async (): Promise<number> => {
    const { rows } = await api.db.query<{ n: number }>('SELECT count(*) AS n FROM incidents');
    return rows[0]?.n ?? -1;
  };
});
