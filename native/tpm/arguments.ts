import { TpmError } from './error.ts';
import { ekTypes, pcrBanks, type EkType, type PcrBank } from './types.ts';

/** TPM 2.0 Library, Part 2, section 7: persistent objects of the owner; NV indices. */
const persistentRange = [0x81000000, 0x817fffff] as const;
const nvRange = [0x01000000, 0x01ffffff] as const;
const pcrCount = 24;

function refuse(field: string, rule: string): never {
  throw new TpmError('invalid_argument', `${field} ${rule}`);
}

function within(field: string, value: unknown, [first, last]: readonly [number, number]): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= first && value <= last) return value;
  return refuse(field, `must be an integer from 0x${first.toString(16)} to 0x${last.toString(16)}`);
}

export function persistentHandle(field: string, value: unknown): number {
  return within(field, value, persistentRange);
}

export function nvIndex(field: string, value: unknown): number {
  return within(field, value, nvRange);
}

export function pcrIndex(field: string, value: unknown): number {
  return within(field, value, [0, pcrCount - 1]);
}

/** Ascending, because the TPM answers and hashes PCRs in that order. */
export function pcrIndices(field: string, value: unknown): number[] {
  if (!Array.isArray(value)) return refuse(field, 'must be an array of PCR indices');
  const indices = value.map((index) => pcrIndex(field, index)).sort((a, b) => a - b);
  if (new Set(indices).size !== indices.length) refuse(field, 'must name each PCR once');
  return indices;
}

export function pcrBank(field: string, value: unknown): (typeof pcrBanks)[PcrBank] {
  if (typeof value === 'string' && Object.hasOwn(pcrBanks, value)) return pcrBanks[value as PcrBank];
  return refuse(field, `must be one of ${Object.keys(pcrBanks).join(', ')}`);
}

export function ekType(field: string, value: unknown): EkType | null {
  if (value === undefined) return null;
  return ekTypes.find((type) => type === value) ?? refuse(field, `must be one of ${ekTypes.join(', ')}`);
}

/** Sizes in bytes, both inclusive. */
export function bytes(field: string, value: unknown, size: { min: number; max: number }): Uint8Array {
  if (!(value instanceof Uint8Array)) return refuse(field, 'must be a Uint8Array');
  if (value.length >= size.min && value.length <= size.max) return value;
  return refuse(
    field,
    size.min === size.max ? `must be ${size.min} bytes` : `must be ${size.min} to ${size.max} bytes`,
  );
}

export function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  return refuse(field, 'must be a non-empty string without NUL');
}

export function milliseconds(field: string, value: unknown): number {
  return within(field, value, [1, 0x7fffffff]);
}
