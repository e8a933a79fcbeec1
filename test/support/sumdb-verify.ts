import { execFile } from 'node:child_process';

export interface SumdbVerdict {
  code: number;
  output: string;
}

/**
 * What golang.org/x/mod/sumdb makes of a log: 0 when everything holds. `log` is a folder or the URL of a log's prefix,
 * `proofs` a file of proofs that the log made (see test/interop/sumdb/proofs.go).
 */
export async function sumdbVerify(log: string, keyLine: string, proofs?: string): Promise<SumdbVerdict> {
  const program = process.env['INTERLOCK_SUMDB_VERIFY'];
  if (program === undefined) {
    throw new Error('INTERLOCK_SUMDB_VERIFY is not set: ./script/bootstrap --test builds the verifier, and needs Go');
  }
  const args = [...(proofs === undefined ? [] : ['-proofs', proofs]), log, keyLine];
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, output: stdout + stderr });
      else reject(error ?? new Error('no exit code'));
    });
  });
}
