/** Every reward trains the embedded models, is stored with what it was made of, and comes out the same from there. */

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chainSet, countdownSet, jsonLines } from '../../engine/experiments/embedded/problem-set.ts';
import { graderOf } from '../../engine/grading/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import type { ErrorCode } from '../../engine/protocol/errors.ts';
import {
  type Evidence,
  type GroupDetail,
  type GroupRecord,
  type JournalRecord,
  RunConfig,
} from '../../engine/protocol/index.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { REWARDS, type RewardName, rewardOf } from '../../engine/reward/index.ts';
import { groupOf } from '../../engine/reward/stored.ts';
import { explanations } from '../../engine/runs/explanations.ts';
import { advantages } from '../../engine/training/advantages.ts';
import { resumeRun, startRun } from '../../engine/training/run/index.ts';
import type { KnownEvidence } from '../support/evidence.ts';
import { type Ended, runCli, temporaryFolder } from '../support/processes.ts';
import { expectRefusal, expectRejection } from '../support/refusals.ts';
import { expectSameOutcome, outcomeOf, recordsOf } from '../support/run-outcome.ts';
import { UNCANCELED } from '../support/wait.ts';

const home = temporaryFolder();
const file = (name: string) => path.join(home, name);

/** Chains with a column for every reward that reads one. */
const CHAINS = chainSet({ seed: 5, count: 4, families: ['E', 'H'] }).map((row, i) => ({
  ...row,
  hidden: /\d+/.exec(row.prompt)![0],
  continuation: `${row.answer}.`,
  // Any number is an integral of 0, and none is one of 2x.
  integrand: i % 2 === 0 ? '0' : '2*x',
  tests: ['assert total == 3', 'assert total > 0'],
  statement: 'theorem two : 1 + 1 = 2 :=',
}));

/** A Lean that believes what has an even length. */
const LEAN = `#!/bin/sh
if [ $(( $(wc -c < "$1") % 2 )) -eq 0 ]; then echo "'two' does not depend on any axioms"; else echo "Proof.lean:1:0: error: odd"; exit 1; fi
`;

/** A reward of the user's own: the shorter the better, in numbers that JSON cannot write in a few digits. */
const MODULE = `export default (rollouts) => rollouts.map(({ tokens, problem, answer }) => ({
  reward: 1 / (3 + tokens),
  detail: \`\${tokens} tokens for \${problem.prompt}, \${problem.columns.continuation}\${answer === null ? '' : ', answered'}\`,
}));
`;

interface Case {
  reward: string;
  model?: string;
  options?: object;
  /** What a rollout without an answer gets, where that is sure. */
  unanswered?: number;
}

const CASES: readonly (Case & { reward: RewardName })[] = [
  { reward: 'majority-vote', unanswered: 0 },
  { reward: 'co-reward', unanswered: 0 },
  { reward: 'rlccf', options: { rlccf: { policies: ['base', 'embedded:W'] } }, unanswered: 0 },
  { reward: 'empo', unanswered: 0 },
  { reward: 'covo', unanswered: -1 },
  { reward: 'self-certainty' },
  { reward: 'token-entropy' },
  { reward: 'trajectory-entropy' },
  { reward: 'probability' },
  { reward: 'probability-disparity' },
  { reward: 'self-verification', model: 'embedded:countdown', options: { selfVerification: { samples: 2 } } },
  { reward: 'countdown', model: 'embedded:countdown', unanswered: 0 },
  { reward: 'integral', unanswered: 0 },
  { reward: 'next-token', unanswered: 0 },
  { reward: 'dual', model: 'embedded:dual', options: { dual: { samples: 2 } }, unanswered: 0 },
  { reward: 'program', unanswered: 0 },
  { reward: 'lean' },
  { reward: 'custom', options: { custom: { command: [file('reward.mjs')] } } },
  { reward: 'ground-truth', unanswered: 0 },
];

const MORE: readonly Case[] = [
  {
    reward: 'empo',
    options: {
      empo: { clusters: 'model', template: '{{first}}+{{second}}=', accept: '1', reject: '0', maxTokens: 20 },
    },
  },
  { reward: 'program', options: { program: { language: 'javascript' } }, unanswered: 0 },
  // The embedded model is asked in words that it cannot read, and writes what it likes.
  { reward: 'co-reward', options: { coReward: { column: 'nothing', maxTokens: 16, template: '{{problem}}' } } },
  { reward: 'majority-vote + 0.1*trajectory-entropy' },
  { reward: 'self-certainty if majority-vote' },
  { reward: '0.5*self-verification - countdown if empo > 0.2', model: 'embedded:countdown' },
];

function configOf({ reward, model = 'embedded', options = {} }: Case, more: object = {}): RunConfig {
  const dataset = { path: file(model === 'embedded:countdown' ? 'countdown.jsonl' : 'chains.jsonl') };
  const small = { steps: 2, batch: 2, votes: 4, group: 3, evaluation: { samples: 0 }, checkpoint: { every: 1 } };
  const preset = { ...presetFor(model, false), dataset: {} };
  const given = { dataset, reward, rewardOptions: options, device: 'cpu', seed: 11, ...small };
  return RunConfig.parse(mergeConfig(mergeConfig(preset, given), more));
}

let runs = 0;

async function train(config: RunConfig): Promise<string> {
  const folder = file(`run-${runs++}`);
  const handle = await startRun({ signal: UNCANCELED, config, folder, allowPrograms: true });
  expect(await handle.done).toMatchObject({ type: 'end', reason: 'completed', step: config.steps });
  return folder;
}

const isTrained = (record: JournalRecord): record is GroupRecord => record.type === 'group' && record.phase === 'train';

const usualPath = process.env.PATH;

beforeAll(() => {
  writeFileSync(file('chains.jsonl'), jsonLines(CHAINS));
  writeFileSync(file('countdown.jsonl'), jsonLines(countdownSet(3, 'known', 4)));
  writeFileSync(file('reward.mjs'), MODULE);
  mkdirSync(file('bin'));
  writeFileSync(file('bin/lean'), LEAN);
  chmodSync(file('bin/lean'), 0o755);
  process.env.PATH = `${file('bin')}${path.delimiter}${usualPath}`;
});
afterAll(() => {
  process.env.PATH = usualPath;
});

/** The rewards of a group were computed from what is stored, and its advantages from them. */
async function checkGroup(folder: string, config: RunConfig, record: GroupRecord, of: Case): Promise<Evidence> {
  const { problems, records } = await readRunFolder(folder);
  const problem = problems[record.problem]!;
  const run = records.find((r) => r.type === 'run')!;
  const { vocabulary } = run.model;
  const stored = await readGroup(folder, record);
  const reward = rewardOf(config.reward, config.rewardOptions);
  expect(Object.keys(stored.evidence).sort()).toEqual([...reward.evidence].sort());
  const scores = reward.score(groupOf(stored, problem, vocabulary, graderOf()));
  const values = stored.rollouts.map((rollout) => rollout.reward);
  // The very numbers that trained.
  expect(scores.rewards).toEqual(values);
  stored.rollouts.forEach((rollout, i) => {
    const [low, high] = reward.parts.length === 1 ? reward.parts[0]!.range : [-Infinity, Infinity];
    expect(Number.isFinite(rollout.reward)).toBe(true);
    expect(rollout.reward).toBeGreaterThanOrEqual(low);
    expect(rollout.reward).toBeLessThanOrEqual(high);
    if (rollout.answer === null && of.unanswered !== undefined) expect(values[i]).toBe(of.unanswered);
  });
  const trained = stored.rollouts.flatMap(({ advantage }, i) => (advantage === null ? [] : i));
  if (scores.skip === undefined) expect(trained).toHaveLength(config.group);
  const basis = scores.basis ?? scores.rewards;
  const [expected] = advantages(config.loss.advantage, [trained.map((i) => basis[i]!)]);
  expect(trained.map((i) => stored.rollouts[i]!.advantage)).toEqual(expected);
  const why = explanations({ config, vocabulary }, stored, problem);
  for (const text of why) expect(text).toMatch(/reward (?:exp\()?-?\d/);
  // What was recorded is what the reward says of itself.
  stored.rollouts.forEach((rollout, i) => {
    expect(JSON.stringify(rollout.why)).toBe(JSON.stringify(scores.explain(i)));
    for (const [name, own] of Object.entries(scores.components ?? {})) expect(rollout.rewards[name]).toBe(own[i]);
  });
  return stored.evidence;
}

test('every reward has a case', () => {
  expect(CASES.map(({ reward }) => reward)).toEqual([...REWARDS]);
});

describe.each([...CASES, ...MORE])('$reward $options', (of) => {
  test('trains, is stored with its evidence, and is the same when recomputed', async () => {
    const config = configOf(of);
    const folder = await train(config);
    const records = recordsOf(folder);
    const trained = records.filter(isTrained);
    expect(trained).toHaveLength(4);
    const voters = ((config.rewardOptions.rlccf as { policies?: string[] })?.policies ?? []).filter(
      (v) => v !== 'base',
    );
    const { model } = records.find((record) => record.type === 'run')!;
    expect(model.fingerprint).toMatch(new RegExp(`^sha256-\\w{64}(\\+sha256-\\w{64}){${voters.length}}$`));
    for (const record of trained) await checkGroup(folder, config, record, of);
    const groups = await Promise.all(trained.map((record) => readGroup(folder, record)));
    const steps = records.flatMap((record) => (record.type === 'step' ? [record.metrics] : []));
    // Where all rewards of each group are equal there is nothing to learn from.
    const moved = (step: number) =>
      groups.some((group) => group.step === step && group.rollouts.some(({ advantage }) => advantage));
    expect(steps.map(({ loss }) => Number.isFinite(loss))).toEqual([moved(1), moved(2)]);
    const mean = (values: (number | null)[]) => values.reduce<number>((a, b) => a + b!, 0) / values.length;
    const first = groups.filter(({ step }) => step === 1).flatMap(({ rollouts }) => rollouts.map((r) => r.reward));
    expect(steps[0]!.proxyReward).toBeCloseTo(mean(first), 9);
  });
});

describe('stored evidence', () => {
  async function evidenceOf(of: Case): Promise<{ evidence: KnownEvidence[]; groups: GroupDetail[] }> {
    const folder = await train(configOf(of, { steps: 1, batch: 4, group: 4 }));
    const records = recordsOf(folder).filter(isTrained);
    const groups = await Promise.all(records.map((record) => readGroup(folder, record)));
    return { groups, evidence: groups.map(({ evidence }) => evidence as unknown as KnownEvidence) };
  }

  test('of self-verification: all judgments that were requested, in the judge’s own words, some of them parsable', async () => {
    const { evidence } = await evidenceOf({
      reward: 'self-verification',
      model: 'embedded:countdown',
      options: { selfVerification: { samples: 3 } },
    });
    const verdicts = evidence.flatMap((e) => e['self-verification'].verdicts);
    expect(verdicts).toHaveLength(16);
    for (const of of verdicts) expect(of).toHaveLength(3);
    const all = verdicts.flat();
    expect(all.filter(({ verdict }) => verdict !== null).length).toBeGreaterThan(all.length / 2);
    for (const { text, verdict } of all) {
      if (verdict !== null) expect(text).toMatch(verdict ? /#### 1$/ : /#### 0$/);
    }
  });

  test('of co-reward: the data’s rephrasing and answers to it', async () => {
    const { evidence, groups } = await evidenceOf({ reward: 'co-reward' });
    groups.forEach(({ problem }, i) => {
      const { rephrasings } = evidence[i]!['co-reward'];
      expect(rephrasings).toMatchObject([{ prompt: CHAINS[problem]!.rephrasings[0] }]);
      expect(rephrasings[0]!.answers).toHaveLength(4);
    });
    const answers = evidence.flatMap((e) => e['co-reward'].rephrasings[0]!.answers);
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(8);
  });

  test('of rlccf: the weights of the step, the same for all problems; another policy gives other answers', async () => {
    const { evidence, groups } = await evidenceOf({
      reward: 'rlccf',
      options: { rlccf: { policies: ['base', 'embedded:W'] } },
    });
    const weights = evidence.map((e) => e.rlccf.policies.map(({ weight }) => weight));
    for (const of of weights) expect(of).toEqual(weights[0]);
    const own = groups.map(({ majority }) => majority?.share ?? 0);
    expect(weights[0]![0]).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 12);
    evidence.forEach((e, i) => {
      expect(e.rlccf.policies[0]!.answers).toEqual(groups[i]!.rollouts.map(({ answer }) => answer));
    });
    const said = (v: number) => evidence.map((e) => e.rlccf.policies[v]!.answers);
    expect(said(1)).not.toEqual(said(0));
    expect(said(2)).not.toEqual(said(1));
  });

  test('of covo: a cluster for each prefix; of next tokens: ends of characters', async () => {
    const { evidence, groups } = await evidenceOf({ reward: 'covo' });
    groups.forEach(({ rollouts, clusters }, i) => {
      evidence[i]!.covo.likeliest.forEach((at, r) => {
        expect(at.length > 0).toBe(rollouts[r]!.answer !== null);
        for (const cluster of at) expect(cluster).toBeLessThan(clusters.length);
      });
    });
    // At the end of its work the model is for its own answer, mostly.
    const last = groups.flatMap(({ rollouts }, i) =>
      evidence[i]!.covo.likeliest.flatMap((at, r) => (at.length > 1 ? [at.at(-1) === rollouts[r]!.cluster] : [])),
    );
    expect(last.filter(Boolean).length).toBeGreaterThan(last.length / 2);
    const next = await evidenceOf({ reward: 'next-token' });
    next.groups.forEach(({ problem }, i) => {
      const { length } = CHAINS[problem]!.continuation;
      expect(next.evidence[i]!['next-token'].boundaries).toEqual(Array.from({ length }, (_, c) => c + 1));
    });
  });

  test('of dual reconstruction: the task without the number, and the reconstructions', async () => {
    const { evidence, groups } = await evidenceOf({ reward: 'dual', model: 'embedded:dual' });
    // Right answers lead back to what was hidden more often than wrong ones.
    const found = { right: [] as number[], wrong: [] as number[] };
    groups.forEach(({ problem, rollouts }, i) => {
      const { hidden, question, reconstructions } = evidence[i]!.dual;
      expect(hidden).toBe(CHAINS[problem]!.hidden);
      expect(question).toBe(CHAINS[problem]!.prompt.replace(hidden, '.'));
      reconstructions.forEach((of, r) => {
        const { answer, correct, reward } = rollouts[r]!;
        expect(of.length).toBe(answer === null ? 0 : 1);
        if (answer !== null) found[correct ? 'right' : 'wrong'].push(reward!);
      });
    });
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(found.right)).toBeGreaterThan(mean(found.wrong));
  });

  test('of programs: the reason for each reward', async () => {
    const details = async (of: Case & { reward: 'program' | 'lean' | 'custom' }) =>
      (await evidenceOf(of)).evidence.flatMap((e) => e[of.reward].checks);
    for (const { score, detail } of await details({ reward: 'program' })) {
      expect({ score, detail }).toEqual({
        score: 0,
        detail: expect.stringMatching(/no (closed block of )?\w*.*(code|program)/i),
      });
    }
    const proofs = await details({ reward: 'lean' });
    expect(new Set(proofs.map(({ score, detail }) => `${score} ${detail}`))).toEqual(
      new Set(['1 Lean accepts the proof', '0 Lean rejects the proof, line 1: odd']),
    );
    const own = await details({ reward: 'custom', options: { custom: { command: [file('reward.mjs')] } } });
    for (const { score, detail } of own) {
      const [, tokens, prompt, continuation] = /^(\d+) tokens for (\S+=), (\d+\.)(?:, answered)?$/.exec(detail)!;
      expect(score).toBe(1 / (3 + Number(tokens)));
      expect(CHAINS.find((row) => row.prompt === prompt)!.continuation).toBe(continuation);
    }
  });
});

describe('on the command line', () => {
  const cli = (...args: string[]) => runCli(args, { home });
  const last = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  const refuses = async (args: readonly string[], code: ErrorCode, facts: object) => {
    const refused = await cli(...args);
    expect(refused.code, refused.stderr).toBe(2);
    expectRefusal(last(refused).error, code, { ...facts });
  };
  const bad = (field: string, value: string) => ({ reason: 'bad-value', field, value });
  const SMALL = [
    '--steps',
    '1',
    '--batch',
    '2',
    '--votes',
    '4',
    '--group',
    '4',
    '--eval-samples',
    '0',
    '--device',
    'cpu',
  ];

  test('show explains the rewards used in training, and rescore computes them', async () => {
    const options = ['--reward', 'self-verification', '--judge-samples', '2', '--model', 'embedded:countdown'];
    const trained = await cli('train', file('countdown.jsonl'), ...options, ...SMALL, '--name', 'judged', '--json');
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
    const { folder } = last(trained);
    const groups = recordsOf(folder).filter(isTrained);
    const { problems } = await readRunFolder(folder);
    for (const record of groups) {
      const group = await readGroup(folder, record);
      const { id } = problems[group.problem]!;
      const shown = await cli('show', 'judged', '--problem', id, '--rollout', '1');
      expect(shown, shown.stderr).toMatchObject({ code: 0 });
      expect(shown.stdout).toMatch(/^why +2 judgments: .*reward (?:0|0\.5|1)$/m);
      const again = await cli('rescore', 'judged', '--reward', 'self-verification', '--problem', id, '--json');
      const [{ rewards }] = last(again).byGroup;
      expect(rewards['self-verification']).toEqual(group.rollouts.map(({ reward }) => reward));
    }
  });

  test('programs run only where that is allowed, which must be repeated at each start', async () => {
    const options = ['--reward', '0.5*custom + majority-vote', '--reward-program', file('reward.mjs'), ...SMALL];
    const start = [file('chains.jsonl'), ...options, '--name', 'own', '--json'];
    const facts = { reason: 'programs-not-allowed', reward: 'custom' };
    await refuses(['train', ...start], 'config', facts);
    await refuses(['probe', file('chains.jsonl'), ...options.slice(0, 4), '--json'], 'config', facts);
    expect(() => readFileSync(file('runs/own/run.json'))).toThrow();
    const allowed = await cli('train', ...start, '--allow-programs');
    expect(allowed, allowed.stderr).toMatchObject({ code: 0 });
    // As if it had been killed before its end was written.
    const events = file('runs/own/events.jsonl');
    writeFileSync(events, `${readFileSync(events, 'utf8').trimEnd().split('\n').slice(0, -1).join('\n')}\n`);
    await refuses(['resume', 'own', '--json'], 'config', facts);
    // As if it had come from somebody else.
    const mark = readFileSync(file('runs/own/own.mark'));
    rmSync(file('runs/own/own.mark'));
    const { code, stdout } = await cli('resume', 'own', '--allow-programs', '--json');
    expect([code, JSON.parse(stdout).error.details]).toMatchObject([2, { reason: 'command-not-allowed', run: 'own' }]);
    writeFileSync(file('runs/own/own.mark'), mark);
    const resumed = await cli('resume', 'own', '--allow-programs', '--json');
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expect(recordsOf(file('runs/own')).at(-1)).toMatchObject({ type: 'end', reason: 'completed' });
  });

  test.each([
    [['--reward', 'rlccf'], 'config', { reason: 'no-other-policies', field: '--other-policy' }],
    [['--reward', 'custom', '--allow-programs'], 'config', { reason: 'no-program', field: '--reward-program' }],
    [
      ['--reward', 'custom', '--reward-program', 'nowhere.mjs', '--allow-programs'],
      'config',
      { reason: 'program-not-found', program: 'nowhere.mjs' },
    ],
    [['--reward', 'countdown'], 'dataset', { reason: 'missing-cell', line: 1, field: 'numbers' }],
    [
      ['--reward', 'next-token', '--continuation-field', 'sequel'],
      'dataset',
      { reason: 'missing-cell', line: 1, field: 'sequel' },
    ],
    [['--reward', 'majority-votes'], 'config', { ...bad('--reward', 'majority-votes'), nearest: 'majority-vote' }],
    [['--reward', 'covo', '--covo-separator', '('], 'config', bad('--covo-separator', '(')],
    [['--reward', 'self-verification', '--judge-template', 'Right?'], 'config', bad('--judge-template', 'Right?')],
    [
      ['--reward', 'empo', '--empo-clusters', 'meaning'],
      'config',
      { ...bad('--empo-clusters', 'meaning'), choices: ['equivalence', 'text', 'model'] },
    ],
  ] as const)('%j is refused before anything starts', async (args, code, facts) => {
    await refuses(['train', file('chains.jsonl'), ...args, ...SMALL, '--name', 'never', '--json'], code, facts);
    expect(() => readFileSync(file('runs/never/run.json'))).toThrow();
  });
});

describe('without the programs that a reward needs', () => {
  test('a run neither starts nor resumes', async () => {
    const config = configOf({ reward: 'lean' });
    const folder = file('proofs');
    const begun = await startRun({ signal: UNCANCELED, config, folder, allowPrograms: true });
    await begun.stop();
    process.env.PATH = usualPath;
    try {
      const facts = { reason: 'program-not-found', program: 'lean' };
      await expectRejection(resumeRun({ signal: UNCANCELED, folder, allowPrograms: true }), 'config', facts);
      const another = startRun({ signal: UNCANCELED, config, folder: file('none'), allowPrograms: true });
      await expectRejection(another, 'config', facts);
    } finally {
      process.env.PATH = `${file('bin')}${path.delimiter}${usualPath}`;
    }
  });
});

describe.each([
  { reward: 'self-verification', model: 'embedded:countdown', activity: 'judging' },
  { reward: 'co-reward + 0.1*covo', model: 'embedded', activity: 'sampling-rephrasings' },
])('a run by $reward that is stopped while it is $activity', ({ reward, model, activity }) => {
  test('gives the same results when resumed', async () => {
    const config = configOf(
      { reward, model },
      { steps: 4, batch: 3, checkpoint: { every: 2 }, evaluation: { samples: 2 } },
    );
    const reference = await train(config);
    const folder = file(`stopped-${model}`);
    const handle = await startRun({ signal: UNCANCELED, config, folder });
    handle.onProgress((progress) => {
      if (progress.step === 2 && progress.activity === activity) void handle.stop();
    });
    expect(await handle.done).toMatchObject({ reason: 'stopped', step: 2 });
    const again = await resumeRun({ signal: UNCANCELED, folder });
    expect(await again.done).toMatchObject({ reason: 'completed', step: 4 });
    const due = (step: number) => step % 2 === 0;
    expectSameOutcome(outcomeOf(folder, due), outcomeOf(reference, due));
  });
});
