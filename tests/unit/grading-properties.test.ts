/**
 * Properties of grading over generated answers: each equals its rewritten forms, differs from changed ones, in both
 * directions; and whatever the text, there is an answer, and a cheap one.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clusterAnswers,
  equivalent,
  extractAnswer,
  locateAnswer,
  referenceAnswer,
} from '../../engine/grading/index.ts';

/** One answer in spellings that mean the same, and what means something else. */
interface Case {
  forms: string[];
  others: string[];
}

function holds({ forms, others }: Case): void {
  for (const a of forms) {
    for (const b of forms) expect([a, b, equivalent(a, b)]).toEqual([a, b, true]);
    for (const b of others) {
      expect([a, b, equivalent(a, b)]).toEqual([a, b, false]);
      expect([b, a, equivalent(b, a)]).toEqual([b, a, false]);
    }
  }
}

const small = fc.integer({ min: -9, max: 9 });
const nonzero = small.filter((n) => n !== 0);
const integer = fc.integer({ min: -99_999, max: 99_999 });
const positive = fc.integer({ min: 1, max: 9999 });
const variable = fc.constantFrom('x', 'y', 't', 'n', 'a');

const rational: fc.Arbitrary<Case> = fc.tuple(integer, positive, nonzero).map(([n, d, k]) => ({
  forms: [
    `${n}/${d}`,
    `${n * k}/${d * k}`.replace(/\/-(\d+)/, '/(-$1)'),
    `\\frac{${n}}{${d}}`,
    `$ \\dfrac { ${n} } { ${d} } $`,
    `\\left( \\tfrac{${-n}}{${-d}} \\right)`,
    `-\\frac{${-n}}{${d}}`.replace('--', ''),
    `\\boxed{\\frac{${n}}{${d}}}`,
    `${n} \\div ${d}`,
    `${n} \\cdot ${d}^{-1}`.replace(/^(-\d+)/, '($1)'),
  ],
  others: [`${n + 1}/${d}`, `\\frac{${n * d + 1}}{${d * d}}`, `${n}/${d} + 1`, ...(n === 0 ? [] : [`${-n}/${d}`])],
}));

/** a + b/2^i 5^j, exactly in decimals. */
const decimal: fc.Arbitrary<Case> = fc.tuple(integer, fc.integer({ min: 0, max: 5 })).map(([n, places]) => {
  const sign = n < 0 ? '-' : '';
  const digits = String(Math.abs(n)).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const text = `${sign}${whole}${places ? `.${digits.slice(-places)}` : ''}`;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const decimals = places ? `.${digits.slice(-places)}` : '.0';
  return {
    forms: [
      text,
      `${text}${places ? '' : '.'}00`,
      `${n}/${10 ** places}`,
      `${n} \\times 10^{-${places}}`,
      `${n}e-${places}`,
      `${sign}${grouped}${decimals}`,
      `${sign}${grouped.replaceAll(',', '{,}')}${decimals}`,
      `${sign}${grouped.replaceAll(',', ',\\!')}${decimals}`,
      `${sign}\\$${grouped}${decimals}`,
      `x = ${text}`,
      `${text} \\text{ of them}`,
      ` \\( ${text} \\) .`,
    ],
    others: [`${text}${places ? '' : '.'}1`, `${n + 1}/${10 ** places}`, `${n * 10 + 1}/${10 ** places}`],
  };
});

const root: fc.Arbitrary<Case> = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom(2, 3, 5, 6, 7, 10, 11, 13))
  .map(([k, r]) => ({
    forms: [
      `${k}\\sqrt{${r}}`,
      `\\sqrt{${k * k * r}}`,
      `${k} sqrt(${r})`,
      `\\frac{${k * r}}{\\sqrt{${r}}}`,
      `\\sqrt ${r} \\cdot ${k}`,
      `${k}·√${r}`,
      `${k} * ${r}^{1/2}`,
      `\\sqrt[4]{${(k * k * r) ** 2}}`,
      `${k}\\sqrt{${r}} \\text{ cm}`,
    ],
    others: [
      `\\sqrt{${k * k * r + 1}}`,
      `-${k}\\sqrt{${r}}`,
      `${k}\\sqrt[3]{${r}}`,
      `${k * r}`,
      (k * Math.sqrt(r)).toFixed(3),
    ],
  }));

const mixed: fc.Arbitrary<Case> = fc
  .tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 2, max: 99 }), fc.nat(), fc.boolean())
  .map(([whole, d, k, minus]) => {
    const n = (k % (d - 1)) + 1;
    const sign = minus ? '-' : '';
    return {
      forms: [`${sign}${whole} ${n}/${d}`, `${sign}${whole}\\frac{${n}}{${d}}`, `${sign}${whole * d + n}/${d}`],
      others: [
        ...[`${sign}${whole}`, `${sign}${n}/${d}`, `${sign}${whole + 1} ${n}/${d}`],
        ...(d % 10 === 0 ? [] : [`${sign}${whole}${n}/${d}`]),
      ],
    };
  });

/** c0 + c1 v + c2 v^2 + ..., highest power first. */
function polynomial(coefficients: readonly number[], v: string): string {
  const terms = coefficients.flatMap((c, power) => {
    if (c === 0) return [];
    const size = Math.abs(c) === 1 && power > 0 ? '' : String(Math.abs(c));
    return `${c < 0 ? '-' : '+'} ${size}${power === 0 ? '' : power === 1 ? v : `${v}^${power}`}`;
  });
  return terms.reverse().join(' ').replace(/^\+ /, '').replace(/^- /, '-') || '0';
}

function shuffledSum(coefficients: readonly number[], v: string): string {
  return coefficients.map((c, power) => `(${c}) * ${v}^{${power}}`).join(' + ');
}

function times(a: readonly number[], b: readonly number[]): number[] {
  const product = Array.from({ length: a.length + b.length - 1 }, () => 0);
  for (const [i, x] of a.entries()) {
    for (const [j, y] of b.entries()) product[i + j] = product[i + j]! + x * y;
  }
  return product;
}

const polynomials: fc.Arbitrary<Case> = fc
  .tuple(fc.array(fc.tuple(nonzero, small), { minLength: 1, maxLength: 4 }), variable, fc.nat(), nonzero)
  .map(([linear, v, at, by]) => {
    const coefficients = linear.map(([a, b]) => [b, a]).reduce(times, [1]);
    const changed = coefficients.map((c, i) => (i === at % coefficients.length ? c + by : c));
    const factors = linear.map(([a, b]) => `(${polynomial([b, a], v)})`);
    const horner = coefficients.reduceRight((inner, c) => (inner === '' ? `(${c})` : `(${c} + ${v} ${inner})`), '');
    return {
      forms: [
        polynomial(coefficients, v),
        factors.join(''),
        [...factors].reverse().join(' \\cdot '),
        shuffledSum(coefficients, v),
        horner,
        `\\frac{${polynomial(
          coefficients.map((c) => 3 * c),
          v,
        )}}{3}`,
      ],
      others: [polynomial(changed, v), factors.join('').replaceAll(v, 'q'), `${factors.join('')} + ${by}`],
    };
  });

const ends = fc.tuple(small, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }));
const interval: fc.Arbitrary<Case> = fc
  .tuple(ends, fc.boolean(), fc.boolean(), fc.constantFrom('x', 't'))
  .map(([[n, d, width], left, right, v]) => {
    const low = `\\frac{${n}}{${d}}`;
    const high = `${n + width * d}/${d}`;
    const [open, close] = [left ? '[' : '(', right ? ']' : ')'];
    const [from, to] = [left ? '\\le' : '<', right ? '\\le' : '<'];
    return {
      forms: [
        `${open}${low}, ${high}${close}`,
        `\\left${open} ${2 * n}/${2 * d},${high} \\right${close}`,
        `${v} \\in ${open}${low},${high}${close}`,
        `${low} ${from} ${v} ${to} ${high}`,
        `${high} ${right ? '\\geq' : '>'} ${v} ${left ? '>=' : '\\gt'} ${low}`,
        `\\{ ${v} : ${low} ${from} ${v} ${to} ${high} \\}`,
        `${v} ${left ? '>=' : '>'} ${low} and ${v} ${right ? '<=' : '<'} ${high}`,
      ],
      others: [
        `${left ? '(' : '['}${low}, ${high}${close}`,
        `${open}${low}, ${high}${right ? ')' : ']'}`,
        `${open}${low}, ${n + width * d + 1}/${d}${close}`,
        `${open}${n - 1}/${d}, ${high}${close}`,
        `(-\\infty, ${low}) \\cup (${high}, \\infty)`,
      ],
    };
  });

/** [rewritten, otherwise] of an item. */
const item = fc.oneof(
  small.map((n) => [`${n}`, `${n}.0`, `${n + 10}`] as const),
  fc.tuple(small, positive).map(([n, d]) => [`\\frac{${n}}{${d}}`, `${3 * n}/${3 * d}`, `${n + 1}/${d}`] as const),
  fc.tuple(positive, variable).map(([n, v]) => [`${n}${v}+1`, `1 + ${v} \\cdot ${n}`, `${n}${v}+2`] as const),
);
const items = fc.uniqueArray(item, {
  minLength: 2,
  maxLength: 6,
  selector: ([a]) => a,
  comparator: (a, b) => equivalent(a, b),
});

const tuple: fc.Arbitrary<Case> = fc
  .tuple(items, fc.nat())
  .filter(([list]) => !list.some(([, , other]) => list.some(([a]) => equivalent(a, other))))
  .map(([list, at]) => {
    const first = list.map(([a]) => a);
    const second = list.map(([, b]) => b);
    const changed = list.map(([a, , other], i) => (i === at % list.length ? other : a));
    return {
      forms: [
        `(${first.join(', ')})`,
        `\\left( ${second.join(' , ')} \\right)`,
        `\\langle ${first.join(',')} \\rangle`,
        `\\begin{pmatrix} ${second.join(' \\\\ ')} \\end{pmatrix}`,
      ],
      others: [
        `(${changed.join(', ')})`,
        `(${[...first.slice(1), first[0]].join(', ')})`,
        `(${first.slice(1).join(', ')})`,
        `\\{${first.join(', ')}\\}`,
      ],
    };
  });

const set: fc.Arbitrary<Case> = fc
  .tuple(items, fc.nat(), fc.nat())
  .filter(([list]) => !list.some(([, , other]) => list.some(([a]) => equivalent(a, other))))
  .map(([list, at, turn]) => {
    const first = list.map(([a]) => a);
    const second = list.map(([, b]) => b);
    const k = turn % list.length;
    const turned = [...second.slice(k), ...second.slice(0, k)];
    const changed = list.map(([a, , other], i) => (i === at % list.length ? other : a));
    return {
      forms: [
        `\\{${first.join(', ')}\\}`,
        `\\left\\{ ${turned.join(',')} \\right\\}`,
        `${[...first].reverse().join(', ')}`,
        `${turned.slice(0, -1).join(', ')} \\text{ and } ${turned.at(-1)}`,
        `\\{${first.join(',')},${first[0]}\\}`,
      ],
      others: [`\\{${changed.join(', ')}\\}`, `${first.slice(1).join(', ')}`],
    };
  });

const matrix: fc.Arbitrary<Case> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 2, max: 3 }),
    fc.array(small, { minLength: 9, maxLength: 9 }),
    fc.nat(),
  )
  .map(([height, width, entries, at]) => {
    const rows = Array.from({ length: height }, (_, i) => entries.slice(i * width, (i + 1) * width));
    const written = (env: string, f: (entry: number) => string, m: number[][] = rows) =>
      `\\begin{${env}} ${m.map((row) => row.map(f).join(' & ')).join(' \\\\ ')} \\end{${env}}`;
    const changed = rows.map((row, i) =>
      row.map((entry, j) => (i * width + j === at % (height * width) ? entry + 1 : entry)),
    );
    const transposed = rows[0]!.map((_, j) => rows.map((row) => row[j]!));
    return {
      forms: [
        written('pmatrix', String),
        written('bmatrix', (entry) => `\\frac{${2 * entry}}{2}`),
        `\\left[\\begin{array}{${'c'.repeat(width)}} ${rows.map((row) => row.join('&')).join('\\\\')} \\end{array}\\right]`,
        `\\frac12 ${written('pmatrix', (entry) => String(2 * entry))}`,
        `${written('pmatrix', (entry) => String(entry - 1))} + ${written('pmatrix', () => '1')}`,
      ],
      others: [
        written('pmatrix', String, changed),
        ...(JSON.stringify(transposed) === JSON.stringify(rows) ? [] : [written('pmatrix', String, transposed)]),
      ],
    };
  });

const percent: fc.Arbitrary<Case> = fc.integer({ min: 2, max: 9999 }).map((n) => ({
  forms: [`${n}\\%`, `${n}%`, `${n} percent`, `${n}.0 \\%`, `${3 * n}/3 \\%`],
  others: [`${n + 1}\\%`, `${n}0\\%`],
}));

const KINDS: Record<string, [fc.Arbitrary<Case>, number]> = {
  rationals: [rational, 40],
  decimals: [decimal, 40],
  roots: [root, 40],
  'mixed numbers': [mixed, 40],
  polynomials: [polynomials, 40],
  intervals: [interval, 40],
  tuples: [tuple, 40],
  sets: [set, 40],
  matrices: [matrix, 40],
  percentages: [percent, 40],
};

describe('each equals its rewritten forms and differs from changed ones, in both directions', () => {
  test.each(Object.entries(KINDS))('%s', (_, [cases, numRuns]) => {
    fc.assert(fc.property(cases, holds), { numRuns, seed: 31 });
  });
});

test('percent: the label decides whether a share is meant', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), (n) => {
      const fraction = `${n}/100`;
      expect(equivalent(fraction, `${n}\\%`)).toBe(true);
      expect(equivalent(String(n), `${n}%`)).toBe(true);
      expect(equivalent(`${n}%`, String(n))).toBe(true);
      expect(equivalent(`${n}%`, fraction)).toBe(false);
      expect(equivalent(`${n}%`, fraction, { percent: true })).toBe(true);
    }),
    { numRuns: 100, seed: 32 },
  );
});

test('clusters: equal answers are together, different ones apart, for every kind of answer', () => {
  const cases = fc.oneof(...Object.values(KINDS).map(([arbitrary]) => arbitrary));
  fc.assert(
    fc.property(cases, fc.infiniteStream(fc.nat()), ({ forms, others }, random) => {
      const answers = [...forms, ...others];
      const order = answers.map((answer) => [random.next().value as number, answer] as const);
      const shuffled = order.sort(([a], [b]) => a - b).map(([, answer]) => answer);
      const clusters = clusterAnswers(shuffled).map(({ members }) => members.map((m) => shuffled[m]!));
      const ours = clusters.find((cluster) => cluster.includes(forms[0]!))!;
      expect([...ours].sort()).toEqual([...forms].sort());
    }),
    { numRuns: 150, seed: 33 },
  );
});

describe('for any text', () => {
  const piece = fc.constantFrom(
    ...'0123456789xyabeiABC+-*/^_(){}[]|<>=!,.:;%$&\\ \'"~#'.split(''),
    ...[
      '\\frac',
      '\\sqrt',
      '\\text{',
      '\\{',
      '\\}',
      '\\pm',
      '\\cup',
      '\\setminus',
      '\\le',
      '\\in',
      '\\binom',
      '\\ldots',
    ],
    ...['\\begin{pmatrix}', '\\end{pmatrix}', '\\begin{cases}', '\\end{cases}', '\\begin{array}{cc}', '\\end{array}'],
    ...['\\\\', '\\infty', '\\pi', '\\sin', '\\log_', '\\left(', '\\right]', ' and ', ' or ', '\\%', '^\\circ', ' cm'],
    ...[
      '\\overline{',
      '\\sum_{k=1}^',
      '\\lfloor',
      '\\rfloor',
      '\\boxed{',
      '#### ',
      'answer is ',
      '9'.repeat(80),
      '^{9^{9',
    ],
    ...['½', '²', '−', '√', '∞', '\u0000', '\ud83d', '😀', 'И', '\n', '\t', '1,000', '12:30', 'p.m.', '1e999'],
  );
  const soup = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''));
  const nested = fc
    .tuple(
      fc.constantFrom('(', '{', '\\{1,', '\\frac{1}{', '\\sqrt{', '2^{', '-', '|', '\\text{', '1+(', '\\left(', '[1,'),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(')', '}', '\\}', '|', ']', ''),
      soup,
    )
    .map(([open, depth, close, inner]) => `${open.repeat(depth)}${inner}${close.repeat(depth)}`);
  const long = fc.tuple(soup, fc.integer({ min: 1, max: 200 })).map(([text, n]) => text.repeat(n));
  const towers = fc
    .array(fc.integer({ min: 0, max: 99_999 }), { minLength: 2, maxLength: 12 })
    .map((numbers) => `${numbers.join('^{')}${'}'.repeat(numbers.length - 1)}`);
  const factorials = fc
    .tuple(fc.nat(), fc.integer({ min: 1, max: 30 }), fc.constantFrom('!', '^2', '%', '^\\circ'))
    .map(([n, k, mark]) => `${n}${mark.repeat(k)}`);
  const text = fc.oneof(soup, nested, long, towers, factorials, fc.string({ unit: 'binary', maxLength: 3000 }));

  test('grading, extraction and clustering return, and a text equals itself', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(equivalent(a, b)).toBeTypeOf('boolean');
        expect(equivalent(a, a)).toBe(a.trim() !== '');
        const answer = extractAnswer(a, 'lenient');
        const place = locateAnswer(a, 'lenient');
        expect(place && a.slice(place.start, place.end)).toBe(answer);
        expect(answer === null || (answer.length > 0 && answer.length <= 1000)).toBe(true);
        referenceAnswer(a);
        const members = clusterAnswers([a, b, a], b).flatMap((cluster) => cluster.members);
        expect(members.sort()).toEqual([a, b, a].flatMap((one, i) => (one.trim() === '' ? [] : i)));
      }),
      { numRuns: 600, seed: 34 },
    );
  });

  test('without percent signs and choices, equivalence is symmetric', () => {
    const plain = soup.filter((candidate) => !candidate.includes('%') && !/[A-J]/.test(candidate));
    const small = fc.array(fc.constantFrom(...'0123x+-*/^(){},.=<>|\\ '.split(''), '\\frac', '\\pm'), { maxLength: 7 });
    const short = small.map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.tuple(plain, plain), fc.tuple(short, short)), ([a, b]) => {
        expect([a, b, equivalent(a, b)]).toEqual([a, b, equivalent(b, a)]);
      }),
      { numRuns: 3000, seed: 35 },
    );
  });
});
