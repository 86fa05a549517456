/**
 * Sizes of tensor axes. A size is a number, or a polynomial over named sizes that are only known when the graph runs
 * (`P`, `P*G`, `Lp+Lc`, `3*P*Lp`), in canonical form, so that equal sizes are equal strings.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** Maps each monomial (sorted names joined by `*`, '' for the constant term) to its coefficient. */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map([['', dim]]);
  const result: Polynomial = new Map();
  for (const term of dim.split('+')) {
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split('*')) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else names.push(factor);
    }
    const key = names.sort().join('*');
    result.set(key, (result.get(key) ?? 0) + coefficient);
  }
  return result;
}

function print(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, c]) => c !== 0).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === '') return terms[0]![1];
  return terms.map(([names, c]) => (names === '' ? String(c) : c === 1 ? names : `${c}*${names}`)).join('+');
}

/** The canonical form of a size. */
export function canonical(dim: Dim): Dim {
  return typeof dim === 'number' || /^[A-Za-z_]\w*$/.test(dim) ? dim : print(parse(dim));
}

/** Product of sizes. */
export function product(...dims: Dim[]): Dim {
  if (dims.every((d) => typeof d === 'number')) return dims.reduce<number>((a, d) => a * (d as number), 1);
  return print(
    dims.map(parse).reduce((a, b) => {
      const result: Polynomial = new Map();
      for (const [n, c] of a) {
        for (const [m, d] of b) {
          const key = [...n.split('*'), ...m.split('*')].filter(Boolean).sort().join('*');
          result.set(key, (result.get(key) ?? 0) + c * d);
        }
      }
      return result;
    }),
  );
}

/** Sum of sizes. */
export function sum(...dims: Dim[]): Dim {
  const result: Polynomial = new Map();
  for (const dim of dims) for (const [n, c] of parse(dim)) result.set(n, (result.get(n) ?? 0) + c);
  return print(result);
}

/** Names that a size depends on. */
export function symbols(dim: Dim): string[] {
  return [...new Set([...parse(dim).keys()].flatMap((m) => m.split('*')).filter(Boolean))];
}

/** The terms of a size: coefficient and names. */
export function terms(dim: Dim): { coefficient: number; names: string[] }[] {
  return [...parse(dim)].map(([n, coefficient]) => ({ coefficient, names: n.split('*').filter(Boolean) }));
}

/** The value of a size. Throws if a name has no value. */
export function evaluate(dim: Dim, values: ReadonlyMap<string, number>): number {
  if (typeof dim === 'number') return dim;
  let total = 0;
  for (const { coefficient, names } of terms(dim)) {
    let term = coefficient;
    for (const name of names) {
      const value = values.get(name);
      if (value === undefined) throw new Error(`size ${name} (in ${dim}) has no value`);
      term *= value;
    }
    total += term;
  }
  return total;
}

/** Whether two shapes are equal for every value of their named sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** NumPy broadcasting. A named size only broadcasts with itself and 1. */
export function broadcast(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
  });
}
