/** Nothing that an answer says throws, and work is bounded in steps, which are the same on every machine. */
import { describe, expect, test } from 'vitest';
import { bareAnswer } from '../../engine/cli/answers.ts';
import { equivalent, graderOf } from '../../engine/grading/index.ts';
import { abandonedWork, stepsSpent, withStepLimit } from '../../engine/grading/meter.ts';

describe('inputs that used to throw', () => {
  test.each([
    ['\\sqrt[2.5]{8}', '2'],
    ['\\sqrt[\\frac{5}{2}]{8}', '8^{0.4}'],
    ['\\sqrt[0]{8}', '1'],
    ['\\sqrt[-2]{4}', '1/2'],
    ['1_{constructor}', '1'],
    ['1_{toString}', '1'],
    ['1_{__proto__}', '1'],
    ['\\constructor', '1'],
    ['constructor', '1'],
    ['5 constructor', '6'],
  ])('%s and %s', (a, b) => {
    expect(typeof equivalent(a, b)).toBe('boolean');
    expect(equivalent(a, a)).toBe(true);
  });
});

describe('step budgets', () => {
  /** Steps that comparing with another number takes. */
  const steps = (answer: string) => {
    const before = stepsSpent();
    equivalent(answer, '7');
    return stepsSpent() - before;
  };
  const sum = (n: number, term: (k: number) => string) => Array.from({ length: n }, (_, k) => term(k + 2)).join('+');

  test.each<[string, (n: number) => string]>([
    ['fractional powers', (n) => sum(n, (k) => `${k}^{${k}/${k + 1}}`)],
    ['roots', (n) => sum(n, (k) => `\\sqrt[${(k % 60) + 2}]{${k}}`)],
    ['large powers', (n) => sum(n, (k) => `(${k}/7)^{300}`)],
    ['factorials', (n) => sum(n, (k) => `${k}!`)],
    ['large fractions', (n) => sum(n, (k) => `1/${10 ** 9 + 7 * k}`)],
    ['series', (n) => sum(n / 8, () => '\\sum_{k=1}^{199} k^{1/3}')],
    ['nested braces', (n) => `${'{'.repeat(n)}1${'}'.repeat(n)}`],
  ])('%s stay within the budget, however long', (_, text) => {
    for (const n of [25, 50, 100, 200]) expect(steps(text(n))).toBeLessThan(1_000_000);
  });

  test('are the same each time', () => {
    const answer = sum(60, (k) => `${k}^{1/3}`);
    expect(steps(answer)).toBe(steps(answer));
  });

  test('that run out, like internal errors, give the other result and are counted', () => {
    const { faults } = abandonedWork();
    expect(
      withStepLimit(
        10,
        () => equivalent('1/2', '0.5'),
        () => false,
      ),
    ).toBe(true);
    expect(
      withStepLimit(
        10,
        () => {
          throw new TypeError('a fault');
        },
        () => 'text',
      ),
    ).toBe('text');
    expect(abandonedWork().faults).toBe(faults + 1);
  });
});

describe('work that grows faster than the text', () => {
  // what repeats, between what begins and what ends; quadratic work on a megabyte would take minutes, and fail by the
  // time-out of the test
  const REPEATED = [
    ...[
      ' ',
      '\n',
      '\t\n ',
      '$',
      '{',
      '}',
      '(',
      '[',
      '\\',
      '\\\\',
      '"',
      "'",
      '`',
      '**',
      '<',
      '<|',
      '<|a|>',
      '^',
      '!',
      '.',
      '1.',
    ],
    ...[
      '\\boxed{',
      '\\boxed{1}, ',
      '\\boxed{1',
      '$1$ ',
      '#### ',
      '#### Answer\n',
      'answer is ',
      'Answer:\n',
      'answer   ',
    ],
    ...[
      '<think>',
      '</think>',
      '<answer>a',
      '</answer>',
      'the ',
      'The answer to the ',
      '1,',
      '1 ',
      '1,2 ',
      'five ',
      'and ',
    ],
  ];
  const AROUND = [
    ['', ''],
    ['\\boxed{', '}'],
    ['#### 1', 'x'],
    ['The answer is 1', ' 5'],
    ['$', '$'],
  ] as const;

  test.each(REPEATED)('extraction, %j a million characters long', (unit) => {
    for (const [begin, end] of AROUND) {
      const text = begin + unit.repeat(1_000_000 / unit.length) + end;
      for (const answer of ['auto', 'last-number', 'choice:A-E', 'last-sentence', 'regex:(\\w+ )+is (.*)x']) {
        const place = graderOf({ answer, compare: 'math' }).locate(text);
        if (place) expect(place.end - place.start).toBeLessThanOrEqual(1000);
      }
      expect(bareAnswer(text)).toBeNull();
    }
  });

  test.each(REPEATED)('comparison, %j as long as an answer may be', (unit) => {
    for (const [begin, end] of AROUND) {
      const text = (begin + unit.repeat(2000)).slice(0, 1990) + end;
      for (const compare of ['math', 'text', 'number', 'choice', 'set'] as const) {
        expect(graderOf({ answer: 'auto', compare }).equal(text, `${text}1`)).toBeTypeOf('boolean');
      }
    }
  });
});
