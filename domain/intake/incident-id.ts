// INC-YYYYMMDD-HHMMSS-NNNN: UTC of the report, and a number of at least four digits that counts up for ever.

/** `now` is RFC 3339 UTC with milliseconds. */
export function incidentId(now: string, number: number): string {
  const day = now.slice(0, 10).replaceAll('-', '');
  const time = now.slice(11, 19).replaceAll(':', '');
  return `INC-${day}-${time}-${String(number).padStart(4, '0')}`;
}

export const isIncidentId = (id: string): boolean => /^INC-\d{8}-\d{6}-\d{4,15}$/.test(id);
