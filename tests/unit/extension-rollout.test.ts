import { mkdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem, Rollout } from '../../engine/protocol/index.ts';
import { SHADES, shadeOf } from '../../engine/protocol/shades.ts';
import { verdictText } from '../../engine/protocol/texts.ts';
import type { ForkPoint } from '../../engine/runs/fork-point.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { addressOf, diffTitle, parseRolloutUri, problemOf, rolloutUri } from '../../extension/rollout/address.ts';
import { type DocumentFacts, headerValues, layoutRollout, tokensBetween } from '../../extension/rollout/layout.ts';
import { tokenHover } from '../../extension/rollout/token-text.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const problem: Problem = {
  index: 3,
  id: 'sum-3',
  text: '3+9+4:',
  answer: '16',
  source: '/data/sums.jsonl',
  row: 3,
  line: 4,
};
const none = { logprob: null, entropy: null, logsumexp: null, meanLogit: null, top1: null, top2: null };

function rollout(tokenTexts: string[], more: Partial<Rollout> = {}): Rollout {
  return {
    answer: '16',
    cluster: 0,
    correct: true,
    reward: 1,
    advantage: 0.54,
    tokens: tokenTexts.length,
    logprob: -0.5,
    entropy: 0.25,
    repetition: 0,
    finish: 'stop',
    text: tokenTexts.join(''),
    rewards: {},
    why: [],
    foreign: {},
    ids: new Int32Array(tokenTexts.length),
    tokenTexts,
    statistics: none,
    ...more,
  };
}

function facts(tokenTexts: string[], more: Partial<DocumentFacts> = {}): DocumentFacts {
  return {
    run: 'run-1',
    step: 12,
    phase: 'train',
    problem,
    index: 2,
    of: 8,
    imported: false,
    why: 'answer 16 joined the largest cluster',
    rollout: rollout(tokenTexts),
    ...more,
  };
}

function forkAt(shared: number): ForkPoint {
  const drawn = { probability: 0.25, rollouts: 1, correct: null };
  return {
    ...{ against: 'correct', sibling: 2, unit: 'token', shared, offset: 0, rest: 0.5, undrawnTop: 0.4 },
    drawn: [
      { ...drawn, text: '`b`', isOwn: true, isSibling: false },
      { ...drawn, text: null, isOwn: false, isSibling: true },
    ],
  };
}

/** What an editor shows at a span. It ends lines at \n, \r\n and \r. */
function textAt(text: string, span: { line: number; character: number; endLine: number; endCharacter: number }) {
  const lines = text.split(/\r\n|\r|\n/);
  if (span.line === span.endLine) return lines[span.line]!.slice(span.character, span.endCharacter);
  const inner = lines.slice(span.line + 1, span.endLine);
  return [lines[span.line]!.slice(span.character), ...inner, lines[span.endLine]!.slice(0, span.endCharacter)].join(
    '\n',
  );
}

describe('a rollout document', () => {
  it('has problem, answers, rewards and statistics before the response', () => {
    const statistics = { ...none, logprob: new Float32Array(3) };
    const tokens = ['12', ',16', '#16'];
    const given = facts(tokens, { rollout: rollout(tokens, { statistics }) });
    const { text, responseLine } = layoutRollout(given);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/sum-3\b.*\b4\b.*sums\.jsonl/);
    expect(lines.slice(1, 4)).toEqual(['', '3+9+4:', '']);
    const values = headerValues(given);
    expect(values).toEqual({
      answer: '16 (correct)',
      reference: '16',
      reward: expect.stringMatching(/^1\.00, .*0\.54$/),
      why: 'answer 16 joined the largest cluster',
      tokens: '3',
      logprob: '-0.50 nats/token',
      probability: expect.stringMatching(/^0\.61 /),
      entropy: '0.25 nats/token',
      run: expect.stringMatching(/^run-1, .*\b12 \(train\), .*\b3 of 8$/),
    });
    for (const [i, value] of Object.values(values).entries()) expect(lines[4 + i]!.endsWith(`  ${value}`)).toBe(true);
    expect(lines.slice(responseLine)).toEqual(['12,16#16', '']);
  });

  it('shows a dash, never a zero, for what does not exist', () => {
    const unknown = { answer: null, correct: null, reward: null, advantage: null, logprob: null, tokens: null };
    const { answer, why, ...values } = headerValues(
      facts([], { rollout: rollout(['x'], unknown), problem: { ...problem, answer: null }, why: '' }),
    );
    for (const row of ['reference', 'reward', 'tokens', 'logprob', 'probability'] as const) {
      expect(values[row], row).toMatch(/^–( |$)/);
    }
    expect(why).toBe('–');
    expect(answer).not.toContain(verdictText(true));
  });

  it('has rewards and values of other trainers by name, and no shading without token statistics', () => {
    const named = rollout(['x'], { rewards: { format: 0.5 }, foreign: { 'reply/score': 3 }, advantage: null });
    const given = facts([], { rollout: named, imported: true });
    const { text, responseLine } = layoutRollout(given);
    const lines = text.split('\n');
    const at = (name: string) => lines.findIndex((line) => line.trimStart().startsWith(`${name} `));
    expect(lines[at('format')]).toMatch(/ 0\.500$/);
    expect(lines[at('reply/score')]).toMatch(/ 3$/);
    expect([at('Reward'), at('Run')]).toEqual([at('format') - 1, at('reply/score') + 1]);
    expect(lines[responseLine - 2]).not.toContain('(');
    // Whether a rollout without an advantage trained is not known of another trainer.
    expect(headerValues(given).reward).not.toBe(headerValues({ ...given, imported: false }).reward);
  });

  it('shows only the text if the tokens are unknown', () => {
    const { text, spans } = layoutRollout(
      facts([], { rollout: rollout([], { text: 'a\nb', tokenTexts: null, ids: null }) }),
    );
    expect(text.endsWith('\n\na\nb\n')).toBe(true);
    expect(spans).toEqual([]);
  });

  it('maps tokens to lines, with every kind of line break', () => {
    const { text, spans, responseLine } = layoutRollout(facts(['a', 'b\r\nc', '\r', '\nd', '\re', '\n\n', 'f']));
    expect(spans.map((span) => textAt(text, span))).toEqual(['a', 'b\nc', '', '\nd', '\ne', '\n\n', 'f']);
    expect(spans[0]).toEqual({ line: responseLine, character: 0, endLine: responseLine, endCharacter: 1 });
  });

  it('shows control characters as pictures, so that no editor treats it as binary', () => {
    const { text, spans } = layoutRollout(facts(['a\u0000b', '\u001b', '\u007f', '\u0085', '\t']));
    expect(spans.map((span) => textAt(text, span))).toEqual(['a␀b', '␛', '␡', '[U+0085]', '\t']);
  });

  it('knows where its sections, reasoning, answer and fork point are', () => {
    const tokens = ['<think>\r\n', 'so', '\n</think>', '\n', 'it is ', '16'];
    const text = tokens.join('');
    const start = text.lastIndexOf('16');
    const layout = layoutRollout(
      facts(tokens, {
        prompt: 'user: 3+9+4:\nassistant:',
        place: { start, end: start + 2, rule: 'answer is' },
        fork: { ...forkAt(4), offset: start - 6 },
      }),
    );
    const lines = layout.text.split('\n');
    const shown = (kind: string) => {
      const { line, endLine } = layout.sections.find((section) => section.kind === kind)!;
      return lines.slice(line, endLine + 1).join('\n');
    };
    expect(shown('problem')).toMatch(/^Problem sum-3.*\n\n3\+9\+4:$/);
    expect(shown('details')).toMatch(/^Answer .*\n {2}found by +answer is\n[\s\S]*\nFork point .+ token 5$/);
    expect(shown('prompt')).toMatch(/Prompt .*\n\nuser: 3\+9\+4:\nassistant:$/);
    expect(shown('response')).toMatch(/Response.*\n\n<think>\nso\n<\/think>\nit is 16$/);
    expect(shown('thought')).toBe('<think>\nso\n</think>');
    expect(textAt(layout.text, layout.answer!)).toBe('16');
    expect(layout.fork).toMatchObject({ line: layout.answer!.line, character: 0, endCharacter: 0 });
  });

  it('names the section in the hover of a token', () => {
    const one = rollout(['a', '`b`'], { statistics: { ...none, logprob: new Float32Array([0, -1]) } });
    expect(tokenHover(one, 0)).not.toMatch(/found by|rollouts/);
    const hover = tokenHover(one, 1, { answer: '\\boxed{}', fork: forkAt(1) });
    expect(hover).toContain('Answer, found by `\\boxed{}`');
    expect(hover).toMatch(
      /Diverges from the correct rollout 3 at token 2[\s\S]*never sampled[\s\S]*\(this one\)[\s\S]*end of the response/,
    );
  });

  it('gives every token the position of its text, whatever the texts are', () => {
    const tokenText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\r', '\r\n', '\u2028', '', ' '));
    fc.assert(
      fc.property(fc.array(tokenText, { maxLength: 20 }), (tokenTexts) => {
        const { text, spans, responseLine } = layoutRollout(facts(tokenTexts));
        expect(spans).toHaveLength(tokenTexts.length);
        expect(spans.map((span) => textAt(text, span)).join('')).toBe(
          text.split('\n').slice(responseLine).join('\n').slice(0, -1),
        );
      }),
    );
  });
});

describe('shades', () => {
  it('become stronger as the token gets less probable or its distribution flatter', () => {
    const probabilities = [1, 0.97, 0.92, 0.8, 0.6, 0.3, 0.15, 0.01];
    expect(probabilities.map((p) => shadeOf('probability', Math.log(p), 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const entropies = [0, 0.1, 0.3, 0.5, 0.9, 1.2, 2, 5];
    expect(entropies.map((h) => shadeOf('entropy', 0, h))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('stay in range for every number', () => {
    for (const value of [-Infinity, -1e9, 0, 1e-9, Infinity, Number.NaN]) {
      for (const shading of ['probability', 'entropy'] as const) {
        expect(shadeOf(shading, value, value)).toBeGreaterThanOrEqual(0);
        expect(shadeOf(shading, value, value)).toBeLessThan(SHADES);
      }
    }
  });
});

describe('the tokens of a selection', () => {
  const span = (line: number, character: number, endLine: number, endCharacter: number) => ({
    ...{ line, character, endLine, endCharacter },
  });
  const spans = [span(5, 0, 5, 3), span(5, 3, 6, 0), span(6, 0, 6, 4), span(6, 4, 6, 4)];
  const at = (line: number, character: number) => ({ line, character });
  it.each([
    [at(5, 1), at(5, 2), [1, 1]],
    [at(5, 3), at(6, 1), [2, 3]],
    [at(0, 0), at(9, 0), [1, 4]],
    [at(1, 0), at(5, 0), null],
  ] as const)('from %o to %o', (start, end, tokens) => {
    expect(tokensBetween(spans, { start, end })).toEqual(tokens);
  });
});

describe('the diff of two rollouts', () => {
  const at = (step: number, rollout: number, phase: 'train' | 'evaluation' = 'train', run = 'r') => ({
    address: { folder: `/${run}`, problem: 'sum-3', row: null, phase, step, rollout },
    run,
  });
  it('is named after both', () => {
    expect(diffTitle(at(5, 2), at(5, 4))).toBe('sum-3, step 5: rollout 2 ↔ rollout 4');
    expect(diffTitle(at(0, 2, 'evaluation'), at(5, 4))).toBe(
      'sum-3, evaluation at step 0: rollout 2 ↔ step 5, rollout 4',
    );
    expect(diffTitle(at(5, 2, 'train', 'one'), at(5, 4, 'train', 'other'))).toBe(
      'sum-3: one, step 5, rollout 2 ↔ other, step 5, rollout 4',
    );
  });
});

describe('the address of a rollout', () => {
  const group = { phase: 'train', step: 3, problem: 0 } as const;
  const named = (id: string, row: number): Problem => ({ ...problem, index: row, id, row });

  it('is found from the document, and counts rollouts from 1', () => {
    const problems = [named('a b\\c?', 0), named('other', 1)];
    const address = addressOf('/home/a b/runs/é#1?', problems, group, 0);
    expect(address).toMatchObject({ problem: 'a b\\c?', row: null, phase: 'train', step: 3, rollout: 1 });
    const uri = rolloutUri(address, 'run/1');
    expect(uri.path).toBe('/run-1/a-b-c-, step 3, rollout 1.rollout');
    expect(parseRolloutUri(uri)).toEqual(address);
    expect(problemOf(problems, address)).toBe(0);
    expect(problemOf(problems.slice(1), address)).toBeNull();
  });

  it('distinguishes problems with the same id', () => {
    const problems = [named('x', 0), named('x', 1)];
    const address = addressOf('/r', problems, { ...group, problem: 1 }, 4);
    expect(problemOf(problems, parseRolloutUri(rolloutUri(address, 'r'))!)).toBe(1);
  });

  it('does not exist for other documents', () => {
    const right = 'folder=/x&problem=a&phase=train&step=1&rollout=1';
    expect(parseRolloutUri({ scheme: 'rollscope-rollout', query: right })).not.toBeNull();
    for (const query of [
      '',
      right.replace('folder', 'f'),
      right.replace('problem', 'p'),
      right.replace('train', 'toString'),
      right.replace('step=1', 'step=-1'),
      right.replace('step=1', 'step='),
      right.replace('rollout=1', 'rollout=0'),
    ]) {
      expect(parseRolloutUri({ scheme: 'rollscope-rollout', query })).toBeNull();
    }
    expect(parseRolloutUri({ scheme: 'file', query: right })).toBeNull();
  });
});

describe('an open run', () => {
  it('reads rollouts and explains their rewards', async () => {
    const root = temporaryFolder();
    mkdirSync(path.join(root, 'runs'));
    const { folder } = await writeRunFixture(path.join(root, 'runs', 'fixture'), {
      problems: 4,
      votes: 8,
      steps: 2,
      every: 2,
    });
    const run = await OpenRun.read(folder);
    const train = { phase: 'train', step: 2, problem: 0 } as const;
    const { detail, why } = await run.readGroup(train);
    expect(detail.rollouts).toHaveLength(8);
    const winner = detail.rollouts.findIndex(({ cluster }) => cluster === 0);
    expect(why[winner]).toMatch(/^answer \S+ has \d votes?; reward [01]$/);
    expect((await run.readGroup({ ...train, phase: 'evaluation' })).why[0]).toBe(
      'Evaluation rollouts are not rewarded',
    );
    await expect(run.readGroup({ ...train, step: 99 })).rejects.toMatchObject({ code: 'run-broken' });
    // The evaluation after the last step is the latest word on a problem.
    expect(run.view(0)).toMatchObject({ phase: 'evaluation', step: 2 });
    expect(run.info).toMatchObject({ status: 'completed', step: 2, steps: 2 });
    expect(run.info.accuracyBefore).not.toBeNull();
    expect(run.info.accuracyAfter).not.toBeNull();
  });
});
