import { parentPort, workerData } from 'node:worker_threads';

import { openTpm } from '../../../native/tpm/index.ts';

const { tcti, quotes } = workerData as { tcti: string; quotes: number };
const tpm = await openTpm({ tcti });
const pcrs = { bank: 'sha256', indices: [0, 23] } as const;
const all = Array.from({ length: quotes }, () => tpm.quote({ qualifyingData: Buffer.alloc(32, 9), pcrs }));
parentPort?.postMessage('quoting');
const done = await Promise.all(all);
await tpm.close();
parentPort?.postMessage(done.length);
