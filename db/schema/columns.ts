import { customType, text } from 'drizzle-orm/pg-core';

/** timestamptz(3), read as an RFC 3339 UTC string with milliseconds: records are hashed, so one instant has one spelling. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamptz(3)',
  fromDriver: (value) => new Date(value).toISOString(),
});

export const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });

/** Who wrote a row: `actor` was authenticated, `on_behalf_of` is whom they claim to act for. */
export const authorship = () => ({
  actor: text().notNull(),
  on_behalf_of: text(),
});
