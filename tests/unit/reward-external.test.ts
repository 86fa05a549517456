/** Rewards from outside the rollouts' agreement: judges, verifiers, programs, labels; values by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeCountdown } from '../../engine/reward/countdown-expression.ts';
import { expectThrow } from '../support/refusals.ts';
import { explained, group, rollout, score, unanswered } from '../support/reward-group.ts';
import { expectWords } from '../support/wording.ts';

describe('ground truth', () => {
  test('rewards equivalence with the reference', () => {
    const scores = score('ground-truth', group(['1/2', '0.5', '3', null], { reference: '\\frac12' }));
    expect(scores.rewards).toEqual([1, 1, 0, 0]);
  });

  test('gives nothing without a reference', () => {
    const scores = score('ground-truth', group(['1', null]));
    expect(scores.rewards).toEqual([0, 0]);
    expect(explained(scores)[0]).toEqual([
      { kind: 'correctness', correct: null },
      { kind: 'result', reward: 0 },
    ]);
  });

  test('explains itself', () => {
    expect(explained(score('ground-truth', group(['1', '2', null], { reference: '2' })))).toEqual([
      [
        { kind: 'correctness', correct: false },
        { kind: 'result', reward: 0 },
      ],
      [
        { kind: 'correctness', correct: true },
        { kind: 'result', reward: 1 },
      ],
      unanswered(),
    ]);
  });
});

describe('self-verification', () => {
  const judged = (...verdicts: { text: string; verdict: boolean | null }[][]) =>
    score(
      'self-verification',
      group(
        verdicts.map(() => null),
        { evidence: { 'self-verification': { verdicts } } },
      ),
    );
  const yes = { text: 'Right.\n\\boxed{yes}', verdict: true };
  const no = { text: '\\boxed{no}', verdict: false };
  const unclear = { text: 'Who knows', verdict: null };

  test('is the share of judgments that accept; an unparsable one does not', () => {
    const scores = judged([yes], [no], [unclear], [yes, no, unclear, yes], [yes, unclear]);
    expect(scores.rewards).toEqual([1, 0, 0, 0.5, 0.5]);
    const passed = explained(scores).map(([first]) => first);
    expect(passed).toEqual([true, false, null, false, false].map((passed) => ({ kind: 'check', passed })));
  });

  test('of a solution that was not judged is 0', () => {
    expect(explained(judged([]))).toEqual([
      [
        { kind: 'check', passed: null },
        { kind: 'result', reward: 0 },
      ],
    ]);
  });

  test('shows the end of a long last line', () => {
    const [part] = judged([{ text: `first\n${'x'.repeat(300)}end`, verdict: false }]).explain(0);
    expect(part!.text).toContain(`"...${'x'.repeat(117)}end"`);
  });
});

describe('dual reconstruction', () => {
  const dual = (answers: (string | null)[], reconstructions: (string | null)[][]) =>
    score('dual', group(answers, { evidence: { dual: { hidden: '1/2', question: 'Which?', reconstructions } } }));

  test('is the share of samples that reconstruct the hidden part', () => {
    const scores = dual(['3', '4', null, '5'], [['0.5', '1/2', '2', null], ['7'], ['1/2'], ['\\frac{1}{2}']]);
    expect(scores.rewards).toEqual([0.5, 0, 0, 1]);
    expect(explained(scores)).toMatchObject([
      [{ kind: 'check', passed: false }, { reward: 0.5 }],
      [{ kind: 'check' }, { reward: 0 }],
      unanswered(),
      [{ kind: 'check' }, { reward: 1 }],
    ]);
  });

  test('is 0 if nothing could be hidden', () => {
    expect(explained(dual(['3'], [[]]))).toMatchObject([[{ kind: 'check', passed: null }, { reward: 0 }]]);
  });
});

describe('Countdown', () => {
  const columns = { numbers: [3, 5, 7, 3], target: 24 };
  const judge = (answer: string, numbers = [3n, 5n, 7n, 3n], target = 24n) => judgeCountdown(answer, numbers, target);

  test.each([
    ['(7 - 5) * 3 * 3 + 6', 'refused'],
    ['3*5+7+3', 'missed'],
    ['(5 + 7 - 3) * 3', 'missed'],
    ['3 * (7 + 5) / 3', 'missed'],
    ['3*(5+3)', 'refused'],
  ])('%s is %s', (answer, outcome) => {
    expect(judge(answer).outcome).toBe(outcome);
  });

  test.each([
    ['3*7+3', [3n, 7n, 3n]],
    ['3 \\times 7 + 3', [3n, 7n, 3n]],
    ['\\left(3\\cdot 7\\right)+3 = 24', [3n, 7n, 3n]],
    ['$3 × 7 + 3$', [3n, 7n, 3n]],
    ['\\frac{72}{3}', [72n, 3n]],
    ['72 ÷ 3', [3n, 72n]],
    ['8 / (3 - 8 / 3)', [8n, 3n, 8n, 3n]],
    ['30 − 6', [6n, 30n]],
    ['3\\times7+3', [3n, 7n, 3n]],
    ['3\\cdot7+3', [3n, 7n, 3n]],
    ['72\\div3', [3n, 72n]],
    ['\\left(3+5\\right)\\times3', [3n, 5n, 3n]],
    ['\\left[\\left(3+5\\right)\\times3\\right]', [3n, 5n, 3n]],
    ['\\left\\{3+5\\right\\}\\,\\cdot\\;3', [3n, 5n, 3n]],
    ['{3}\\times{8}', [3n, 8n]],
    ['\\frac{\\frac{144}{2}}{3}', [144n, 2n, 3n]],
    ['\\dfrac{72}{\\tfrac{9}{\\frac{6}{2}}}', [72n, 9n, 6n, 2n]],
    ['\\frac{(3 + 5)\\times\\frac93}{1}', [3n, 5n, 9n, 3n, 1n]],
    ['\\frac {72} 3 = 24', [72n, 3n]],
  ] as [string, bigint[]][])('%s hits 24', (answer, numbers) => {
    expect(judge(answer, numbers)).toMatchObject({ outcome: 'hit' });
  });

  test.each([
    ['2 ** 3', '"**" is not an operator'],
    ['24 // 1', '"//" is not an operator'],
    ['8 + 16 + ', 'it ends too early'],
    ['(8 + 16', 'a parenthesis is not closed'],
    ['8 + 16)', '")" is not allowed there'],
    ['8 + x', '"x" is not allowed there'],
    ['-8 + 32', '"-" is not allowed there'],
    ['4!', '"!" is not allowed there'],
    ['2(12)', '"(" is not allowed there'],
    ['2.5 * 4', '"." is not allowed there'],
    ['process.exit()', '"p" is not allowed there'],
    [`${'('.repeat(200)}24${')'.repeat(200)}`, 'its parentheses are nested too deeply'],
    ['', 'it ends too early'],
    ['3\\timesx8', '"\\" is not allowed there'],
    ['3\\cdots8', '"\\" is not allowed there'],
    ['(8 + 16]', 'a parenthesis is not closed'],
    ['\\frac{48}', 'incomplete fraction'],
    ['\\frac{48}{2', 'a parenthesis is not closed'],
    ['1\\frac{1}{2}', '"\\" is not allowed there'],
    ['\\fraction{48}{2}', '"\\" is not allowed there'],
    [`${'\\frac{'.repeat(150)}1`, 'its parentheses are nested too deeply'],
  ])('%s is refused: %s', (answer, why) => {
    const { outcome, text } = judge(answer, [2n]);
    expect(outcome).toBe('refused');
    expect(text).toContain(why);
  });

  test('explains what is wrong with a well-formed expression', () => {
    const outcomes = { refused: 0, missed: 0, hit: 0 };
    const say = (...of: Parameters<typeof judge>) => {
      const { outcome, text } = judge(...of);
      expectWords('explanations', `countdown, ${outcome}`, text);
      outcomes[outcome]++;
      return outcome;
    };
    expect(say('3*7+3', [3n, 7n])).toBe('refused');
    expect(say('7/(3-3)', [7n, 3n, 3n])).toBe('refused');
    expect(say('\\frac{7}{3-3}', [7n, 3n, 3n])).toBe('refused');
    expect(say('3+7 = 24', [3n, 7n])).toBe('missed');
    expect(say('3+7 = x', [3n, 7n])).toBe('refused');
    expect(say('7/3', [3n, 7n])).toBe('missed');
    expect(say('9'.repeat(1001))).toBe('refused');
  });

  test('is exact where doubles are not', () => {
    expect(judge('1/3+1/3+1/3', [1n, 3n, 1n, 3n, 1n, 3n], 1n).outcome).toBe('hit');
    expect(judge('9007199254740993*1', [9007199254740993n, 1n], 9007199254740992n).outcome).toBe('missed');
  });

  test('agrees with JavaScript on whole expressions (property)', () => {
    const leaf = fc.integer({ min: 1, max: 20 }).map((n) => ({ text: String(n), used: [BigInt(n)] }));
    const tree = fc.letrec<{ expression: { text: string; used: bigint[] } }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*'), tie('expression'))
          .map(([a, op, b]) => ({ text: `(${a.text} ${op} ${b.text})`, used: [...a.used, ...b.used] })),
      ),
    })).expression;
    fc.assert(
      fc.property(tree, ({ text, used }) => {
        // safe: made of whole numbers, brackets and + - * above
        const value = BigInt(Function(`return ${text.replace(/\d+/g, '$&n')}`)() as bigint);
        expect(judgeCountdown(text, [...used].reverse(), value).outcome).toBe('hit');
        expect(judgeCountdown(text, used, value + 1n).outcome).toBe('missed');
        expect(judgeCountdown(text, [...used, 1n], value).outcome).toBe('refused');
      }),
    );
  });

  test('earns 1, the format score or 0', () => {
    const of = group(['3*5+7+3 - 1', '3*(7+5)/3', '(7-3)*5+3', '3*7+5-3', null], { columns });
    const scores = score('countdown', of, { countdown: { formatScore: 0.1 } });
    expect(scores.rewards).toEqual([0, 0.1, 0.1, 0.1, 0]);
    expect(explained(scores)[4]).toEqual(unanswered());
    expect(score('countdown', of).rewards).toEqual([0, 0, 0, 0, 0]);
    const hit = score('countdown', group(['(5 - 3) * 7 + 10'], { columns: { nums: '3, 5, 7, 10', goal: '24' } }), {
      countdown: { numbers: 'nums', target: 'goal' },
    });
    expect(hit.rewards).toEqual([1]);
    expect(explained(hit)[0]).toMatchObject([{ kind: 'check', passed: true }, { reward: 1 }]);
  });

  test.each([
    [{}, { field: 'numbers', value: undefined }],
    [
      { numbers: [1.5], target: 3 },
      { field: 'numbers', value: [1.5] },
    ],
    [
      { numbers: [], target: 3 },
      { field: 'numbers', value: [] },
    ],
    [
      { numbers: [1], target: 'x' },
      { field: 'target', value: 'x' },
    ],
  ])('needs its columns: %j', (given, facts) => {
    const of = group(['1'], { columns: given, prompt: 'Make 24.' });
    expectThrow(() => score('countdown', of), 'dataset', { reason: 'bad-column', problem: 'Make 24.', ...facts });
  });
});

describe('next tokens', () => {
  const columns = { continuation: ' the quick  fox.' };
  /** Ends of " the", " quick", "  ", "fox", "." */
  const evidence = { 'next-token': { boundaries: [4, 10, 12, 15, 16] } };
  const said = (...texts: string[]) =>
    score(
      'next-token',
      group(
        texts.map(() => null),
        { rollouts: texts.map((text) => rollout([text])), columns, evidence },
      ),
    );

  test('an answer is how the text continues, up to a token boundary', () => {
    const scores = said(
      '\\boxed{the}',
      '\\boxed{ the quick }',
      '\\boxed{the quick  fox.}',
      '#### the',
      '\\boxed{the quick  fox}',
    );
    expect(scores.rewards).toEqual([1, 1, 1, 1, 1]);
    expect(explained(scores)[1]).toMatchObject([{ kind: 'check', passed: true }, { reward: 1 }]);
  });

  test('case and inner blanks matter', () => {
    const scores = said(
      '\\boxed{The}',
      '\\boxed{the quick fox}',
      '\\boxed{quick}',
      '\\boxed{the quick  fox. And}',
      'the',
    );
    expect(scores.rewards).toEqual([0, 0, 0, 0, 0]);
    expect(explained(scores)[0]).toMatchObject([{ kind: 'check', passed: false }, { reward: 0 }]);
    expect(explained(scores)[4]).toEqual(unanswered());
  });

  test('an answer that ends within a token earns nothing', () => {
    const scores = said('\\boxed{th}', '\\boxed{the qui}');
    expect(scores.rewards).toEqual([0, 0]);
    expect(explained(scores)[0]).toMatchObject([{ kind: 'check', passed: false }, { reward: 0 }]);
  });

  test('requires the continuation', () => {
    for (const given of [{}, { continuation: ' ' }, { continuation: 3 }]) {
      const of = group(['x'], { columns: given, evidence, prompt: 'Once' });
      const facts = { reason: 'bad-column', problem: 'Once', field: 'continuation' };
      expectThrow(() => score('next-token', of), 'dataset', facts);
    }
    const named = group(['the'], { columns: { rest: 'the end' }, evidence: { 'next-token': { boundaries: [3, 7] } } });
    expect(score('next-token', named, { nextToken: { column: 'rest' } }).rewards).toEqual([1]);
  });
});

describe.each(['program', 'lean', 'custom'] as const)('%s', (name) => {
  test("gives the program's reward and explanation", () => {
    const checks = [
      { score: 1, detail: 'all is well' },
      { score: 0.5, detail: 'half is' },
    ];
    const scores = score(name, group([null, '1'], { evidence: { [name]: { checks } }, columns: { tests: 'x' } }));
    expect(scores.rewards).toEqual([1, 0.5]);
    expect(checks.map((_, i) => scores.explain(i)[0]!.text)).toEqual(checks.map(({ detail }) => detail));
    expect(scores.explain(0)[0]).toMatchObject({ kind: 'check', passed: name === 'custom' ? null : true });
    expect(scores.explain(1)[0]).toMatchObject({ kind: 'check', passed: name === 'custom' ? null : false });
  });
});
