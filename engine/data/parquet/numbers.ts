/** Restores numbers as they were stored. */
import type { SchemaElement } from 'hyparquet';
import type { RowValues } from '../fields.ts';

/**
 * A function that restores the stored digits of numbers in top-level columns: the library multiplies decimals by a power of
 * ten (0.3 becomes 0.30000000000000004), and a float32 0.1 is 0.10000000149011612 in float64.
 */
export function readableNumbers(columns: readonly SchemaElement[]): (values: RowValues) => RowValues {
  const fixes = new Map<string, (value: number) => number>();
  for (const { name, type, converted_type, logical_type, scale, num_children } of columns) {
    if (num_children) continue;
    const isDecimal = converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL';
    if (isDecimal) fixes.set(name, (value) => decimal(value, scale ?? 0));
    else if (type === 'FLOAT') fixes.set(name, shortestSingle);
  }
  if (fixes.size === 0) return (values) => values;
  return (values) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'number' && Number.isFinite(value) ? (fixes.get(name)?.(value) ?? value) : value,
      ]),
    );
}

/** The value rounded to `places` decimal places; unchanged if the scaled integer is not exact as a double. */
function decimal(value: number, places: number): number {
  const whole = Math.round(value * 10 ** places);
  return Number.isSafeInteger(whole) ? Number(`${whole}e-${places}`) : value;
}

/** The shortest decimal number that rounds to this float32. */
function shortestSingle(value: number): number {
  if (value === 0) return value;
  const first = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = 0; digits < 8; digits++) {
    const exponent = first - digits;
    const short = Number(`${Math.round(value / 10 ** exponent)}e${exponent}`);
    if (Math.fround(short) === value) return short;
  }
  return value;
}
