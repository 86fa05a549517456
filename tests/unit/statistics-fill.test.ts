/** What a model can add to a stored group: which tokens its texts are, what is left as it is and why, and what stays the trainer's. */
import { describe, expect, test } from 'vitest';
import { promptTokens, tokensToScore, withStatistics } from '../../engine/cli/statistics/fill.ts';
import type { ForeignRollout } from '../../engine/importers/group.ts';
import { foreignGroup } from '../../engine/importers/group.ts';
import { decodeFrame, encodeFrame } from '../../engine/journal/frame.ts';
import type { TokenColumns } from '../../engine/protocol/group.ts';
import { groupSummary } from '../../engine/protocol/group-facts.ts';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { computedText } from '../../engine/protocol/scored-text.ts';
import { columnsOf } from '../../engine/runs/fold.ts';

/** A token for each character; 0 ends a response, 1 begins a text, 2 and 3 begin and end a turn. */
const SPECIAL = ['<e>', '<s>', '<t>', '</t>'];
const codes = (text: string) => Array.from(text, (c) => c.codePointAt(0)!);
const tokenizer = {
  vocabularySize: 0x250,
  eosIds: [0],
  hasChatTemplate: true,
  encodeLiteral: (text: string) => Int32Array.from(codes(text)),
  encode: (text: string) =>
    Int32Array.from([
      1,
      ...text
        .split(/(<e>|<s>|<t>|<\/t>)/)
        .flatMap((item) => (SPECIAL.includes(item) ? [SPECIAL.indexOf(item)] : codes(item))),
    ]),
  encodePrompt: ({ system, user }: { system?: string | undefined; user: string }) => {
    const text = `${system ? `<t>${system}</t>` : ''}<t>${user}</t>`;
    return { text, tokens: tokenizer.encode(text).subarray(1) };
  },
  decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => (id < 4 ? '' : String.fromCodePoint(id))).join(''),
  tokenTexts: (ids: ArrayLike<number>) => Array.from(ids, (id) => (id < 4 ? '' : String.fromCodePoint(id))),
};
const BY = { model: 'tiny', fingerprint: 'f', vocabulary: 0x250, temperature: 1 };
const PROMPT = tokenizer.encode('1+1=');

const group = (...rollouts: ForeignRollout[]) =>
  foreignGroup({ phase: 'train', step: 1 }, { index: 0, reference: null, rule: undefined }, rollouts);
const read = (rollout: ForeignRollout, prompt: Int32Array | null = PROMPT, positions = 100) => {
  const [found] = tokensToScore(group(rollout), prompt, tokenizer, positions);
  return found instanceof Int32Array ? [...found] : found;
};
const columns = (length: number): TokenColumns => {
  const of = (value: number) => new Float32Array(length).fill(value);
  return { logprob: of(-0.5), entropy: of(1), logsumexp: of(3), meanLogit: of(0), top1: of(0.5), top2: of(0.25) };
};

describe('the tokens of a response', () => {
  test('are those of its text, with the end token if it ended', () => {
    expect(read({ text: 'ab' })).toEqual([97, 98]);
    expect(read({ text: 'ab', finish: 'stop' })).toEqual([97, 98, 0]);
    expect(read({ text: 'ab', finish: 'length' })).toEqual([97, 98]);
  });

  test('have the number that the trainer counted, or else are not used', () => {
    expect(read({ text: 'ab', tokens: 3 })).toEqual([97, 98, 0]);
    expect(read({ text: 'ab', tokens: 2, finish: 'stop' })).toEqual([97, 98]);
    expect(read({ text: 'ab', tokens: 5 })).toBe('other-tokens');
    expect(read({ text: 'ab', statistics: { logprob: Float32Array.of(-1) } })).toBe('other-tokens');
  });

  test('are the stored ids, if they give the text', () => {
    expect(read({ text: 'ab', ids: Int32Array.of(97, 98, 0) })).toEqual([97, 98, 0]);
    expect(read({ text: 'ab', ids: Int32Array.of(98, 97) })).toBe('other-tokens');
    expect(read({ text: 'ab', ids: Int32Array.of(97, 0x900) })).toBe('other-tokens');
  });

  test('exclude the spelling of special tokens, and padding', () => {
    expect(read({ text: 'a<e>' })).toEqual(codes('a<e>'));
    expect(read({ text: 'a<|pad|><|pad|>' })).toEqual([97]);
  });

  test.each([
    ['without a prompt', { text: 'ab' }, null, 100, 'no-prompt'],
    ['of several turns', { text: 'assistant: a\n\ntool: b\n\nassistant: c' }, PROMPT, 100, 'several-turns'],
    ['beyond the context', { text: 'ab' }, PROMPT, 6, 'too-long'],
    ['without text', { text: '' }, PROMPT, 100, 'empty'],
  ] as const)('%s are not read', (_, rollout, prompt, positions, reason) => {
    expect(read(rollout, prompt, positions)).toBe(reason);
  });
});

describe('the tokens of a prompt', () => {
  const of = (prompt: object, text = 'Q') => [
    ...(promptTokens({ problem: 0, tokens: null, text: '', ...prompt }, { text }, tokenizer, new Date(0)) ?? []),
  ];

  test('are its own, or those of its text with the first token once', () => {
    expect(of({ text: 'x', tokens: [5, 6] })).toEqual([5, 6]);
    expect(of({ text: 'Q' })).toEqual([1, 81]);
    expect(of({ text: '<s>Q' })).toEqual([1, 81]);
    expect(of({ text: '' })).toEqual([]);
  });

  test('use the template if a chat was logged, or if only its special tokens are missing', () => {
    const messages = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Q' },
    ];
    expect(of({ text: 'S\n\nQ', messages })).toEqual([2, 83, 3, 2, 81, 3]);
    expect(of({ text: 'Q', messages: messages.slice(1) })).toEqual([2, 81, 3]);
    expect(of({ text: '<t>Q</t>' })).toEqual([1, 2, 81, 3]);
  });
});

describe('a group with statistics', () => {
  const stored = () =>
    group({ text: 'ab', finish: 'stop' }, { text: 'ab', logprob: -9, tokens: 2 }, { text: 'cd', tokens: 9 });
  const scored = () => {
    const before = stored();
    const tokens = tokensToScore(before, PROMPT, tokenizer, 100);
    return withStatistics(before, tokens, [columns(3), columns(2)], tokenizer, BY);
  };

  test('keeps what the trainer recorded, and says what was computed', () => {
    const [full, mean, other] = scored().rollouts;
    expect(full).toMatchObject({ tokens: 3, logprob: -0.5, entropy: 1, tokenTexts: ['a', 'b', ''] });
    expect(full!.computed).toEqual(['ids', 'logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1', 'top2']);
    // Its mean is the trainer's word on the log-probabilities.
    expect(mean).toMatchObject({ logprob: -9, entropy: 1, statistics: { logprob: null } });
    expect(mean!.computed).not.toContain('logprob');
    expect(other).toEqual(stored().rollouts[2]);
    expect(computedText(full!, BY)).toMatch(/tiny/);
    expect(computedText(other!, BY)).toBe('');
  });

  test('is stored and read unchanged', () => {
    const detail = scored();
    expect(decodeFrame(encodeFrame(detail), 'here')).toEqual(detail);
    expect(decodeFrame(encodeFrame(stored()), 'here')).not.toHaveProperty('scoredBy');
  });

  test('replaces the former values in views', () => {
    const [before, after] = [groupSummary(stored()), scored()];
    const base = { time: '' };
    const frame = (offset: number) => ({ file: 'rollouts-000.bin', offset, length: 10 });
    const { phase, step, problem, majority } = after;
    const { tokens, logprob, entropy } = groupSummary(after).means;
    const folded = columnsOf([
      { type: 'group', seq: 0, ...base, ...before, frame: frame(0) },
      {
        ...{ type: 'statistics', seq: 1, ...base, phase, step, problem, by: BY },
        ...{ means: { tokens, logprob, entropy }, majorityLogprob: majority?.logprob ?? null, frame: frame(10) },
      },
    ]);
    expect(folded.countedRows).toEqual([0]);
    expect(folded.frameOf(0)).toEqual(frame(10));
    expect(folded.summaryOf(0).means.entropy).toBe(1);
    expect(folded.head.scoredBy).toEqual([BY]);
  });

  test('completes the entropy of an evaluation, once all of its groups have it', () => {
    const base = { time: '' };
    const frame = (offset: number) => ({ file: 'rollouts-000.bin', offset, length: 10 });
    const at = { phase: 'evaluation', step: 2 } as const;
    const [before, after] = [groupSummary(stored()), groupSummary(scored())];
    const one = (problem: number) => ({ ...before, ...at, problem });
    const computed = (problem: number, seq: number, entropy: number) => ({
      ...{ type: 'statistics' as const, seq, ...base, ...at, problem, by: BY },
      ...{ means: { ...after.means, tokens: 3, entropy }, majorityLogprob: null, frame: frame(seq) },
    });
    const records: JournalRecord[] = [
      { type: 'group', seq: 0, ...base, ...one(0), frame: frame(0) },
      { type: 'group', seq: 1, ...base, ...one(1), frame: frame(1) },
      {
        ...{
          type: 'evaluation',
          seq: 2,
          ...base,
          step: 2,
          problems: 2,
          samples: 3,
          timing: { seconds: null },
          atK: null,
        },
        ...{ accuracy: null, majorityAccuracy: null, greedyAccuracy: null, passAtK: null, majorityShare: null },
        ...{ entropy: null, length: null, answerEntropy: null, repetition: null, truncated: null, noAnswer: null },
      },
      computed(0, 3, 1),
      computed(1, 4, 2),
    ];
    expect(columnsOf(records.slice(0, 4)).head.evaluations[0]!.entropy).toBeNull();
    expect(columnsOf(records).head.evaluations[0]!.entropy).toBe(1.5);
  });
});
