/** The date that chat templates print, as `strftime_now`: that of the run, so that a resumed run asks what it asked. */

type Field = (date: Date) => string | number;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python's codes that templates use, in UTC and English: the machine that resumes a run may be elsewhere. */
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

/** Formats a date as Python's `strftime` does; codes that are not known stay. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(.)/g, (code, letter: string) => String(FIELDS[letter]?.(date) ?? code));
}
