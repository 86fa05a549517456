/** Damages values of any kind. */
import fc from 'fast-check';

/** Values that damage, other versions and other programs may substitute. */
export const foreign = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, '', '1', -1, -0, 0, 0.5, 1e300, 2 ** 53, Number.POSITIVE_INFINITY),
  fc.constantFrom<unknown>(Number.NaN, [], {}, [null], [{}], { answer: 'x' }, 'train', 'group'),
);
export const names = fc.constantFrom(
  'newer',
  '__proto__',
  'constructor',
  'length',
  'toString',
  'answer',
  'count',
  'seq',
);

/** The value with one change at any depth: another value, a missing key, an extra key. */
export function changed(value: unknown, pick: (count: number) => number, other: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || pick(4) === 0) return other;
  if (Array.isArray(value)) {
    if (value.length === 0) return [other];
    const at = pick(value.length);
    return value.map((item, i) => (i === at ? changed(item, pick, other, name) : item));
  }
  const entries = Object.entries(value);
  const kind = pick(4);
  const at = pick(entries.length);
  const [key, one] = entries[at]!;
  if (kind === 0) entries.splice(at, 1);
  else if (kind === 1) entries.push([name, other]);
  else if (kind === 2) entries[at] = [name, one];
  else entries[at] = [key, changed(one, pick, other, name)];
  return Object.fromEntries(entries);
}
