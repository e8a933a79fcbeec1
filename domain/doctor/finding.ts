// A diagnosis fails closed: what is not shown to work does not work, and a check that cannot run has failed.

export interface Finding {
  /** The check, and behind a colon which of several things it looked at: `pollers:control`. */
  name: string;
  ok: boolean;
  /** A word for scripts, null when it is well. */
  code: string | null;
  /** A sentence for people, without secrets and paths. */
  detail: string | null;
  /** Whether it is a part of the installation, what `--only components` asks for. */
  component: boolean;
}

/** What a check says of itself, or of each thing that it looked at under the name of it. */
export type Said =
  { ok: true; detail?: string; of?: string } | { ok: false; code: string; detail: string; of?: string };

export const well = (detail?: string, of?: string): Said => ({
  ok: true,
  ...(detail && { detail }),
  ...(of && { of }),
});
export const ill = (code: string, detail: string, of?: string): Said => ({
  ok: false,
  code,
  detail,
  ...(of && { of }),
});

export interface NamedCheck<Args extends unknown[]> {
  name: string;
  component: boolean;
  /** At least one thing is said: nothing said is nothing shown. */
  run: (...args: Args) => Promise<Said | Said[]>;
}

/** Runs one check. Whatever it throws, and silence, are findings of their own; `withinMs` bounds it by `timeout`. */
export async function findingsOf<Args extends unknown[]>(
  check: NamedCheck<Args>,
  timeout: Promise<'timeout'>,
  ...args: Args
): Promise<Finding[]> {
  const { name, component } = check;
  const finding = (said: Said): Finding => ({
    name: said.of === undefined ? name : `${name}:${said.of}`,
    ok: said.ok,
    code: said.ok ? null : said.code,
    detail: said.detail ?? null,
    component,
  });
  try {
    const said = await Promise.race([check.run(...args), timeout]);
    if (said === 'timeout') return [finding(ill('check_timeout', 'the check did not come to its end'))];
    const all = Array.isArray(said) ? said : [said];
    return all.length === 0 ? [finding(ill('check_silent', 'the check looked at nothing'))] : all.map(finding);
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    const word = typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
    return [finding(ill('check_failed', `the check could not run${word}`))];
  }
}
