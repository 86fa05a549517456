/**
 * The date that chat templates print with `strftime_now`: the date of the run, so that a resumed run uses the same
 * prompts.
 */

type Field = (date: Date) => string | number;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python format codes used by templates, in UTC and English, because a run may be resumed on a different machine. */
const FIELDS: Readonly<Record<string, Field>> = {
  Y: (date) => date.getUTCFullYear(),
  y: (date) => String(date.getUTCFullYear() % 100).padStart(2, '0'),
  m: (date) => String(date.getUTCMonth() + 1).padStart(2, '0'),
  d: (date) => String(date.getUTCDate()).padStart(2, '0'),
  H: (date) => String(date.getUTCHours()).padStart(2, '0'),
  M: (date) => String(date.getUTCMinutes()).padStart(2, '0'),
  S: (date) => String(date.getUTCSeconds()).padStart(2, '0'),
  b: (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()]!,
  a: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()]!,
  '%': () => '%',
};

/** Formats a date like Python's `strftime`; unknown codes are kept. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(.)/g, (code, letter: string) => String(FIELDS[letter]?.(date) ?? code));
}
