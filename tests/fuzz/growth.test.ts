/**
 * Growth: a text twice as long takes about twice the work, up to the budget. Work is counted, not timed: how often the
 * blocks of the grading code run (V8's coverage), and the steps that its meter counts. What regular expressions do inside
 * is not seen here; `tests/mocked/patterns.test.ts` looks at them.
 */
import { Session } from 'node:inspector/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Grader, graderOf, referenceAnswer } from '../../engine/grading/index.ts';
import { stepsSpent } from '../../engine/grading/meter.ts';
import { understand } from '../../engine/grading/understand.ts';
import { ENTRIES, TEXTS as LONG_TEXTS } from '../support/long-texts.ts';
import { Random } from './support/mutate.ts';

const session = new Session();

beforeAll(async () => {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
});

afterAll(() => session.disconnect());

/** Runs of blocks of the grading code in `work`, or of another part of the source. */
async function blocksOf(work: () => unknown, part = '/engine/grading/'): Promise<number> {
  await session.post('Profiler.takePreciseCoverage');
  work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.includes(part))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

/** What texts are made of: a piece is repeated, between a beginning and an end. */
const PIECES = [
  ...[
    '1',
    '12',
    '1.5',
    ',',
    ', ',
    ' ',
    '\n',
    '.',
    '-',
    '+',
    '*',
    '/',
    '^',
    '_',
    '!',
    '%',
    '$',
    '=',
    '<',
    '|',
    '&',
    ':',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '°',
    '½',
    '²',
    '√',
    '×',
    'x',
    'y',
    'e',
    'i',
    'a b',
    'x_1',
    'twenty ',
    'and ',
  ],
  ...[
    '\\frac{1}{2}',
    '\\frac',
    '\\sqrt{2}',
    '\\sqrt',
    '\\pi',
    '\\cdot ',
    '\\text{m}',
    '\\text{',
    '\\left(',
    '\\right)',
  ],
  ...[
    '\\\\',
    '\\,',
    '\\quad ',
    '\\begin{matrix}',
    '\\end{matrix}',
    '\\cup ',
    '\\in ',
    '\\pm ',
    '\\le ',
    '\\infty',
    '\\{',
    '\\}',
  ],
  ...[
    '\\boxed{',
    '\\boxed{1}',
    '#### ',
    'answer is ',
    '<answer>',
    '</answer>',
    '<think>',
    '</think>',
    '**',
    'Option B',
    '(B) ',
  ],
  ...[
    'km',
    'kg/m^2',
    'dollars',
    '12:30',
    '0.\\overline{3}',
    '2^{10}',
    '5!',
    '\\binom{5}{2}',
    '\\sum_{k=1}^{9} k',
    '|x|',
    '\\log_2 ',
  ],
];

/** Texts of a piece that is repeated; `times`: how often it is in as many characters. */
function repeatedIn(random: Random): { make(times: number): string; times(characters: number): number } {
  const piece = Array.from({ length: 1 + random.below(3) }, () => random.pick(PIECES)).join('');
  const [begin, end] = random.pick([
    ['', ''],
    ['\\boxed{', '}'],
    ['The answer is ', '.'],
    ['{', '}'],
    ['(', ')'],
    ['#### 1', 'x'],
  ] as const);
  return {
    make: (times) => begin + piece.repeat(times) + end,
    times: (characters) => Math.ceil(characters / piece.length),
  };
}

/** Texts tried for each of the kinds; `FUZZ_INPUTS` and `FUZZ_SEED` as in the other tests of this suite. */
const TEXTS = Math.ceil(Number(process.env.FUZZ_INPUTS ?? 10_000) / 250);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** What of a text is worked on, how long it is before it is doubled, and the steps that all of it may cost. */
const KINDS: { name: string; length: number; steps: number; work: (text: string) => unknown }[] = [
  { name: 'extraction', length: 6000, steps: 0, work: (text) => graderOf().extract(text) },
  { name: 'extraction of numbers', length: 1500, steps: 0, work: (text) => byRule('last-number').extract(text) },
  { name: 'extraction of choices', length: 6000, steps: 0, work: (text) => byRule('choice:A-E').extract(text) },
  { name: 'patterns', length: 3000, steps: 1_000_000, work: (text) => byRule('regex:(\\w+ )+is (.*)x').extract(text) },
  { name: 'references', length: 6000, steps: 0, work: (text) => referenceAnswer(text) },
  { name: 'reading', length: 450, steps: 600_000, work: (text) => understand(text) },
  { name: 'equivalence', length: 450, steps: 1_600_000, work: (text) => graderOf().equal(text, `${text}1`) },
  {
    name: 'clusters',
    length: 450,
    steps: 8_000_000,
    work: (text) => graderOf().cluster([text, `${text}1`, `1${text}`, text.slice(1), null, text]),
  },
];

function byRule(answer: string): Grader {
  return graderOf({ answer, compare: 'math' });
}

describe('work grows in proportion to the text, within the budget', () => {
  test.each(KINDS.map((kind, at) => ({ ...kind, at })))('$name', async ({ name, length, steps, work, at }) => {
    for (let i = 0; i < TEXTS; i++) {
      // Of each kind other texts: what was understood once is not read again.
      const random = new Random(SEED, at, i);
      const { make, times } = repeatedIn(random);
      const n = times(Math.ceil((length * (1 + random.below(4))) / 4));
      const before = stepsSpent();
      // Of an odd number of bars nothing may be understood, of an even one everything: what grows is the larger of both.
      const once = Math.max(await blocksOf(() => work(make(n))), await blocksOf(() => work(make(n + 1))));
      const twice = await blocksOf(() => work(make(2 * n)));
      const what = `${name}, seed ${SEED}, text ${i}: ${JSON.stringify(make(4))}, ${n} and ${2 * n} times`;
      expect(twice, what).toBeLessThan(2.6 * once + 4000);
      expect(stepsSpent() - before, what).toBeLessThanOrEqual(3 * steps);
    }
  });

  // The longest that each takes for a megabyte: npm run bench -- longest
  test.each(ENTRIES.map((entry, at) => ({ ...entry, at })))('$name', async ({ name, prepare, at }) => {
    for (let i = 0; i < TEXTS / 20; i++) {
      const text = new Random(SEED, at, i).pick(LONG_TEXTS);
      const [short, long] = [1500, 3000].map((length) => prepare(text.of(length)));
      // what is read for the first time is compiled, or looked up from then on
      short!();
      const once = await blocksOf(short!, '/engine/');
      expect(await blocksOf(long!, '/engine/'), `${name}, seed ${SEED}, ${text.name}`).toBeLessThan(2.6 * once + 4000);
    }
  });

  test('answers of a group', async () => {
    for (let i = 0; i < TEXTS / 4; i++) {
      const random = new Random(SEED, i);
      const half = Array.from({ length: 32 }, () => {
        const { make, times } = repeatedIn(random);
        return make(times(1 + random.below(60)));
      });
      const texts = [...half, ...half.map((text) => `1${text}`)];
      const blocks = (count: number) => blocksOf(() => graderOf().cluster(texts.slice(0, count)));
      // a new spelling is compared with each cluster that there is
      const [once, twice] = [await blocks(32), await blocks(64)];
      expect(twice, `seed ${SEED}, group ${i}`).toBeLessThan(6 * once + 4000);
    }
  });
});
