/** Parses values of options that are not settings. Light: `--help` loads it. */
import { RollscopeError } from '../protocol/errors.ts';

/** One of a list of choices; throws RollscopeError `usage`. */
export function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw notAllowed(name, text, choices.join(', '), { allowed: choices });
}

/** A whole number within bounds, or undefined if none was given; throws RollscopeError `usage`. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { from = 0, to }: { from?: number; to?: number } = {},
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= (to ?? value)) return value;
  throw notAllowed(
    name,
    text,
    to === undefined ? `a whole number of at least ${from}` : `a whole number from ${from} to ${to}`,
  );
}

/** A number, above a bound if there is one, or undefined if none was given; throws RollscopeError `usage`. */
export function decimal(
  name: string,
  text: string | undefined,
  { above, hint }: { above?: number; hint?: string } = {},
): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && (above === undefined || value > above)) return value;
  throw notAllowed(name, text, `a number${above === undefined ? '' : ` above ${above}`}`, {}, hint);
}

function notAllowed(name: string, text: string, allowed: string, facts: object = {}, hint?: string): RollscopeError {
  return new RollscopeError('usage', `${name}: '${text}' is not allowed; allowed: ${allowed}.`, hint, {
    details: { reason: 'bad-value', field: name, value: text, ...facts },
  });
}
