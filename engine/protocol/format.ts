/**
 * How every surface writes numbers, times and sizes: panel, editor, terminal and reports. The only place that formats them
 * (`tests/unit/one-format.test.ts`); `quantities.ts` says with how many digits. A value that does not exist is a dash. Pure.
 */

/** Created once, since `toLocaleString` of a number creates one per call. */
const THOUSANDS = new Intl.NumberFormat('en');

export const DASH = '–';

function exists(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && !Number.isNaN(value);
}

/** `87%`. */
export function percent(value: number | null | undefined): string {
  if (!exists(value)) return DASH;
  const hundredths = value * 100;
  return `${Math.abs(hundredths) < 1e9 ? Math.round(hundredths) : number(hundredths)}%`;
}

/** With `digits` decimals, or in scientific notation if that would hide the number. */
export function number(value: number | null | undefined, digits = 3): string {
  if (!exists(value)) return DASH;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  const size = Math.abs(value);
  return size !== 0 && (size < 10 ** -digits || size >= 1e9) ? value.toExponential(1) : value.toFixed(digits);
}

/** Three significant digits: `0.0123`, `12.3`, `1,234`; very small and large values in scientific form. */
export function figure(value: number | null | undefined): string {
  if (!exists(value)) return DASH;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(1);
  if (Number.isInteger(value)) return THOUSANDS.format(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(significant(value));
}

/** Four significant digits without trailing zeros, as in explanations of rewards: `0.25`, `1.234`, `1.00e-5`. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return value === 0 || (size >= 1e-3 && size < 1e6) ? String(significant(value, 4)) : value.toExponential(2);
}

/** Exactly `digits` after the point, whatever the value: for coordinates. */
export function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** A decimal number with separators between its thousands: `4,900.0`. */
export function grouped(text: string): string {
  const [digits, rest] = text.split('.') as [string, string?];
  return `${THOUSANDS.format(Number(digits))}${rest === undefined ? '' : `.${rest}`}`;
}

/** The value, rounded to significant digits. */
export function significant(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}

/** The value, rounded to `digits` after the point. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** `1,234`. */
export function integer(value: number | null | undefined): string {
  if (!exists(value)) return DASH;
  return Math.abs(value) < 1e15 ? THOUSANDS.format(Math.round(value)) : number(value);
}

/** A time that was taken: `0:38`, `12:05`, `3:07:12`. */
export function duration(seconds: number | null | undefined): string {
  if (!exists(seconds) || !Number.isFinite(seconds)) return DASH;
  const total = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
}

/** An estimated time: `45 s`, `12 min`, `2 h 5 min`. */
export function roughDuration(seconds: number | null | undefined): string {
  if (!exists(seconds) || !Number.isFinite(seconds)) return DASH;
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A point in time, in local time: `2026-11-24 19:30`. Takes an ISO string or milliseconds since 1970; anything else is a dash. */
export function dateTime(time: string | number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return DASH;
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The same without the year, to distinguish the runs of a list: `11-24 19:30`, with seconds `11-24 19:30:12`. */
export function shortDateTime(time: string | number, withSeconds: boolean): string {
  if (Number.isNaN(new Date(time).getTime())) return DASH;
  const seconds = `:${String(new Date(time).getSeconds()).padStart(2, '0')}`;
  return `${dateTime(time).slice('2026-'.length)}${withSeconds ? seconds : ''}`;
}

/** `512 MB`, `3.4 GB`, in binary units. */
export function bytes(value: number | null | undefined): string {
  if (!exists(value)) return DASH;
  if (value >= 2 ** 60) return `${number(value / 2 ** 30)} GB`;
  return value < 2 ** 30 ? `${Math.round(value / 2 ** 20)} MB` : `${(value / 2 ** 30).toFixed(1)} GB`;
}

/** `1 problem`, `3 problems`. */
export function plural(count: number, noun: string): string {
  return `${THOUSANDS.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A share as a count: `48 of 48`; one decimal if it is a mean. */
export function countOf(part: number, count: number): string {
  const whole = Math.round(part * count * 10) / 10;
  return `${THOUSANDS.format(whole)} of ${THOUSANDS.format(count)}`;
}
