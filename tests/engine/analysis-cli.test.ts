/** The commands that look at runs afterwards, and the one that makes runs to look at: rescore, analyze, experiment. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { experiments as all } from '../../engine/experiments/catalog/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import type { ErrorCode, GroupRecord } from '../../engine/protocol/index.ts';
import { withUnit } from '../../engine/protocol/quantities.ts';
import { REWARDS } from '../../engine/reward/index.ts';
import { type Ended, isAlive, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { until } from '../support/wait.ts';
import { expectWarnings } from '../support/wording.ts';

const home = temporaryFolder();
const cli = (...args: string[]) => runCli(args, { home });

async function ok(...args: string[]): Promise<string> {
  const ended = await cli(...args);
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended.stdout;
}

const objectOf = ({ stdout }: Pick<Ended, 'stdout'>) => {
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!);
};
const json = async (...args: string[]) => objectOf({ stdout: await ok(...args, '--json') });

/** Expects that a command is refused with this code and these facts. */
async function refuses(args: readonly string[], code: ErrorCode, facts: object): Promise<void> {
  const refused = await cli(...args, '--json');
  expect(refused.code, refused.stderr).toBe(2);
  expectRefusal(objectOf(refused).error, code, { ...facts });
}

const TINY = ['--steps', '3', '--batch', '8', '--votes', '6', '--group', '6', '--limit', '8', '--device', 'cpu'];

beforeAll(async () => {
  const evaluated = ['--eval-samples', '4', '--eval-every', '2', '--seed', '3'];
  await ok('train', ...TINY, ...evaluated, '--name', 'labeled', '--json');
  const plain = path.join(home, 'plain.jsonl');
  writeFileSync(
    plain,
    ['3+4+5=', '9+2+1='].map((prompt, i) => `${JSON.stringify({ id: `p${i}`, prompt })}\n`).join(''),
  );
  await ok('train', plain, ...TINY, '--steps', '1', '--eval-samples', '0', '--name', 'plain', '--json');
  const degrees = ['--reward', 'self-certainty + 0.5*trajectory-entropy'];
  await ok('train', ...TINY, ...degrees, '--eval-samples', '2', '--name', 'degrees', '--json');
  await ok(
    'train',
    ...TINY,
    '--steps',
    '1',
    '--reward',
    'ground-truth',
    '--forecast',
    '4',
    '--name',
    'labels',
    '--json',
  );
});

const groupsOf = (run: string, phase: GroupRecord['phase']) =>
  recordsOf(path.join(home, 'runs', run)).filter(
    (record): record is GroupRecord => record.type === 'group' && record.phase === phase,
  );

describe('rescore', () => {
  /** Rewards that a run of plain rollouts tells nothing about. */
  const ASKING = ['co-reward', 'rlccf', 'covo', 'self-verification', 'next-token', 'dual', 'program', 'lean', 'custom'];

  test('computes what can be computed, and says why the rest cannot', async () => {
    const found = await json('rescore', 'labeled');
    expect(found).toMatchObject({ phase: 'train', groups: 24, trainedBy: 'majority-vote' });
    const impossible = Object.keys(found.notComputed);
    expect(impossible).toEqual(expect.arrayContaining(ASKING));
    const computed = found.rewards.map(({ reward }: { reward: string }) => reward);
    expect([...computed, ...impossible].sort()).toEqual([...REWARDS].sort());
    for (const name of ['majority-vote', 'empo', 'self-certainty', 'probability', 'ground-truth']) {
      expect(computed).toContain(name);
    }
    const text = await ok('rescore', 'labeled');
    for (const name of computed) expect(text).toContain(`\n${name} `);
  });

  test('gives the rewards used in training, by problem and step', async () => {
    for (const record of groupsOf('labeled', 'train').slice(0, 3)) {
      const group = await readGroup(path.join(home, 'runs', 'labeled'), record);
      const { id } = problemOf('labeled', group.problem);
      const options = ['--problem', id, '--step', `${group.step}`, '--reward', 'majority-vote'];
      const found = await json('rescore', 'labeled', ...options, '--reward', 'majority-vote - 0.5*empo');
      expect(found.groups).toBe(1);
      const [{ rewards, step, problem }] = found.byGroup;
      expect({ step, problem }).toEqual({ step: group.step, problem: group.problem });
      expect(rewards['majority-vote']).toEqual(group.rollouts.map(({ reward }) => reward));
      const share = (i: number) =>
        group.rollouts[i]!.cluster === null
          ? 0
          : group.rollouts.filter(({ cluster }) => cluster === group.rollouts[i]!.cluster).length / 6;
      expect(rewards['majority-vote - 0.5*empo']).toEqual(
        group.rollouts.map(({ reward }, i) => expect.closeTo(reward! - 0.5 * share(i), 12)),
      );
    }
  });

  test('adds the training reward once, for comparison', async () => {
    const rewards = ({ rewards }: { rewards: { reward: string }[] }) => rewards.map(({ reward }) => reward).sort();
    const one = await json('rescore', 'labeled', '--reward', 'empo');
    expect(rewards(one)).toEqual(['empo', 'majority-vote']);
    expect(one.pairs).toMatchObject([{ rewards: ['majority-vote', 'empo'], groups: 24 }]);
    expect(one.pairs[0].top1Disagreement.mean).toBe(0);
    expect(await ok('rescore', 'labeled', '--reward', 'empo')).toMatch(/^majority-vote +empo +\d/m);
    expect(rewards(await json('rescore', 'labeled', '--reward', '(majority-vote)'))).toEqual(['majority-vote']);

    const trained = 'self-certainty + 0.5*trajectory-entropy';
    const all = await json('rescore', 'degrees');
    expect(rewards(all)).toContain(trained);
    const against = all.pairs.filter(({ rewards: pair }: { rewards: string[] }) => pair.includes(trained));
    expect(against).toHaveLength(all.rewards.length - 1);
    expect(rewards(await json('rescore', 'degrees', '--reward', 'empo'))).toEqual(['empo', trained]);
    // A sum says neither right nor wrong.
    const accuracy = new Map(all.rewards.map((r: { reward: string; accuracy: number }) => [r.reward, r.accuracy]));
    expect([accuracy.get(trained), accuracy.get('self-certainty')]).toEqual([null, null]);
    expect(accuracy.get('majority-vote')).toBeGreaterThan(0);
  });

  test('accepts another phase, and works without labels', async () => {
    const evaluated = await json('rescore', 'labeled', '--phase', 'evaluation', '--reward', 'empo');
    expect(evaluated).toMatchObject({ phase: 'evaluation', groups: groupsOf('labeled', 'evaluation').length });
    const unlabeled = await json('rescore', 'plain');
    expect(unlabeled.rewards.every(({ auroc }: { auroc: unknown }) => auroc === null)).toBe(true);
  });

  test.each([
    [['--reward', 'covo'], 'config', { reason: 'evidence-not-recorded', reward: 'covo' }],
    [['--reward', 'majority'], 'config', { reason: 'unknown-reward', value: 'majority' }],
    [['--reward', 'empo', '--phase', 'probe'], 'usage', { reason: 'no-such-rollouts', run: 'labeled', phase: 'probe' }],
    [['--phase', 'training'], 'usage', { reason: 'bad-value', field: '--phase', value: 'training' }],
    [['--step', '99'], 'usage', { reason: 'no-such-rollouts', run: 'labeled', phase: 'train', step: 99 }],
    [['--step', '-1'], 'usage', { reason: 'bad-value', field: '--step', value: '-1' }],
    [['--problem', 'nobody'], 'usage', { reason: 'unknown-problem', field: '--problem', value: 'nobody' }],
  ] as const)('%j is refused', async (args, code, facts) => {
    await refuses(['rescore', 'labeled', ...args], code, facts);
  });
});

function problemOf(run: string, index: number): { id: string; prompt: string } {
  const lines = readFileSync(path.join(home, 'runs', run, 'problems.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return JSON.parse(lines[index]!);
}

describe('analyze', () => {
  test('reports everything about a run with labels', async () => {
    const found = await json('analyze', 'labeled');
    expect(found).toMatchObject({ phase: 'train', step: 1 });
    expect(found.alignment.length).toBeGreaterThan(3);
    const inQuadrants = Object.values(found.quadrants as Record<string, string[]>).flat();
    expect(inQuadrants.sort()).toEqual(Array.from({ length: 8 }, (_, i) => problemOf('labeled', i).id).sort());
    expect(found.theory.problems).toHaveLength(8);
    const [first] = groupsOf('labeled', 'train');
    const track = found.theory.problems.find(({ problem }: { problem: number }) => problem === first!.problem);
    expect(track.first).toBeCloseTo(first!.majority!.share, 12);
    expect(found.ending.collapse).toMatchObject({ step: null, last: 3 });
    expect(found.problems).toHaveLength(8);
    expect(found.problems[0]).toMatchObject({ majorityShare: first!.majority!.share, optimum: { top: 0 } });
    const forecast = recordsOf(path.join(home, 'runs', 'labeled')).find((record) => record.type === 'forecast');
    // The read model has problems in their order, the record in the order in which they were sampled.
    const { problems, likelyWrong, ...rest } = forecast!.forecast;
    expect(found.forecast.forecast).toEqual({
      ...rest,
      problems: problems.toSorted((a, b) => a.problem - b.problem),
      likelyWrong: likelyWrong.toSorted((a, b) => a - b),
    });
    expect(found.forecast.score.problems).toBe(8);
  });

  test('has no reward accuracy and no collapse step for a reward that does not judge correctness', async () => {
    const found = await json('analyze', 'degrees');
    expect(found.ending.collapse).toBeNull();
    for (const { rewardAccuracy, labelAccuracy } of found.problems) {
      expect(rewardAccuracy).toBeNull();
      expect(labelAccuracy).not.toBeNull();
    }
    const steps = recordsOf(path.join(home, 'runs', 'degrees')).filter((record) => record.type === 'step');
    expect(steps.map(({ metrics }) => metrics.rewardAccuracy)).toEqual([null, null, null]);
    expect(await ok('show', 'degrees')).not.toContain('reward accuracy');
    expect(await ok('show', 'labeled')).toContain('reward accuracy');
  });

  test('has KL and clip fraction for each problem that was trained on', async () => {
    const steps = recordsOf(path.join(home, 'runs', 'labeled')).filter((record) => record.type === 'step');
    const last = steps.at(-1)!;
    const of = new Map(last.problems!.map((item) => [problemOf('labeled', item.problem).id, item]));
    expect(of.size).toBe(8);
    const { problems } = await json('analyze', 'labeled', '--step', '3');
    for (const { id, kl, clipFraction } of problems) {
      expect(kl).toBeGreaterThan(0);
      expect({ kl, clipFraction }).toEqual({ kl: of.get(id)!.kl, clipFraction: 0 });
    }
    const { id, kl } = problems[0];
    const shown = ['show', 'labeled', '--problem', id];
    const trained = [...shown, '--phase', 'train'];
    expect(await json(...trained)).toMatchObject({ phase: 'train', step: 3, kl, clipFraction: 0 });
    // The evaluation after the last step was recorded later: it is what the run says of the problem now.
    expect(await json(...shown)).toMatchObject({ phase: 'evaluation', step: 3, kl: null, clipFraction: null });
    expect(await ok(...trained)).toContain(withUnit('kl', kl));
  });

  test('says why there is no forecast if the reward reads labels', async () => {
    const records = recordsOf(path.join(home, 'runs', 'labels'));
    expect(records.filter(({ type }) => type === 'forecast' || type === 'forecast-score')).toEqual([]);
    expect(records.filter((record) => record.type === 'group' && record.phase === 'probe')).toEqual([]);
    const [warning, ...others] = records.flatMap((record) =>
      record.type === 'warning' && record.code === 'forecast' ? record : [],
    );
    expect(others).toEqual([]);
    expectWarnings([warning!]);
    const { message } = warning!;
    expect(await ok('analyze', 'labels')).toContain(message);
    expect(await json('analyze', 'labels')).toMatchObject({ forecast: null });
    const probe = ['probe', '--limit', '3', '--votes', '4', '--device', 'cpu', '--reward', 'ground-truth'];
    expect(await ok(...probe)).toContain(message);
    expect(await json('probe', ...probe.slice(1, -2))).toMatchObject({ forecast: { reward: 'majority-vote' } });
  });

  test('pi* by reweighting: unchanged rollouts at a large beta, only the rewarded answer at a small one', async () => {
    const at = async (beta: string) => await json('analyze', 'labeled', '--beta', beta);
    const { problems } = await at('1e9');
    const sharp = (await at('0.01')).problems;
    problems.forEach(
      ({ majorityShare, optimum }: { majorityShare: number; optimum: { majorityShare: number } }, i: number) => {
        expect(optimum.majorityShare).toBeCloseTo(majorityShare, 6);
        expect(sharp[i].optimum.majorityShare).toBeCloseTo(1, 6);
      },
    );
  });

  test('works for one step, for evaluations, and for a run without labels', async () => {
    expect(await json('analyze', 'labeled', '--step', '3')).toMatchObject({ phase: 'train', step: 3 });
    expect(await json('analyze', 'labeled', '--phase', 'evaluation', '--step', '2')).toMatchObject({
      phase: 'evaluation',
      step: 2,
    });
    expect(await json('analyze', 'plain')).toMatchObject({ alignment: [], theory: null, forecast: null });
  });

  test.each([
    [['labeled', '--phase', 'probe'], 'usage', { reason: 'no-such-rollouts', run: 'labeled', phase: 'probe' }],
    [['labeled', '--phase', 'x'], 'usage', { reason: 'bad-value', field: '--phase', value: 'x' }],
    [['labeled', '--step', '7'], 'usage', { reason: 'no-such-rollouts', run: 'labeled', step: 7 }],
    [['nobody'], 'run-not-found', { reason: 'unknown-run', value: 'nobody' }],
    [['labeled', '--beta', '-1'], 'usage', { reason: 'bad-value', field: '--beta', value: '-1' }],
  ] as const)('%j is refused', async (args, code, facts) => {
    await refuses(['analyze', ...args], code, facts);
  });
});

describe('experiment', () => {
  test('without a name lists the experiments', async () => {
    const text = await ok('experiment');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(all.map(({ name }) => name));
    const { experiments } = await json('experiment');
    expect(experiments).toEqual(
      all.map(({ name, title, question, finding, minutes }) => ({ name, title, question, finding, minutes })),
    );
  });

  test.each([
    [['nothing'], 'usage', { reason: 'unknown-experiment', value: 'nothing' }],
    [['theory', '--against', 'embedded:W'], 'usage', { reason: 'one-model', experiment: 'theory' }],
    [['theory', '--seeds', '0'], 'usage', { reason: 'bad-value', field: '--seeds', value: '0' }],
    [['theory', '--parallel', 'many'], 'usage', { reason: 'bad-value', field: '--parallel', value: 'many' }],
    [['theory', '--reward', 'nonsense'], 'config', { reason: 'bad-value', field: '--reward', value: 'nonsense' }],
  ] as const)('%j is refused', async (args, code, facts) => {
    await refuses(['experiment', ...args], code, facts);
    expect(existsSync(path.join(home, 'experiments'))).toBe(false);
  });

  const folder = path.join(home, 'experiment');
  const SMALL = ['--steps', '2', '--votes', '4', '--group', '4', '--limit', '2', '--seeds', '1', '--device', 'cpu'];
  const command = ['experiment', 'theory', ...SMALL, '--parallel', '1', '--out', folder, '--json'];
  const completed = () =>
    (existsSync(path.join(folder, 'runs')) ? readdirSync(path.join(folder, 'runs')) : []).filter((run) =>
      recordsOf(path.join(folder, 'runs', run)).some((record) => record.type === 'end'),
    );

  test('resumes where it was killed, and writes its report', async () => {
    const program = startCli(command, { home });
    await until('the first run is there', () => completed().length > 0);
    program.kill('SIGKILL');
    await program.ended;
    expect(isAlive(program.pid)).toBe(false);
    const before = completed();
    expect(existsSync(path.join(folder, 'report.html'))).toBe(false);
    const times = (run: string) => recordsOf(path.join(folder, 'runs', run)).map(({ time }) => time);
    const kept = before.map(times);

    const ended = await cli(...command);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const result = objectOf(ended);
    expect(result).toMatchObject({ experiment: 'theory', folder, report: path.join(folder, 'report.html') });
    expect(['reproduced', 'partly', 'not']).toContain(result.reproduction);
    expect(result.criteria.length).toBeGreaterThan(0);
    expect(result.runs).toBe(completed().length);
    expect(result.runs).toBeGreaterThan(before.length);
    // What was done is not done again.
    expect(before.map(times)).toEqual(kept);
    expect(JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8'))).toMatchObject({
      experiment: 'theory',
      reproduction: result.reproduction,
    });

    const page = readFileSync(result.report, 'utf8');
    expect(page).toMatch(/^<!doctype html>.*<svg/s);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|src=|@import|url\(/);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    for (const { expected } of result.criteria) expect(page).toContain(escaped(expected));
    // Every run of it is an ordinary one.
    expect(await json('show', path.join(folder, 'runs', completed()[0]!))).toMatchObject({ status: 'completed' });

    const again = objectOf(await cli(...command));
    expect({ ...again, seconds: 0 }).toEqual({ ...result, seconds: 0 });
    const other = [...command.slice(0, -1), '--lr', '1e-3'];
    await refuses(other, 'config', { reason: 'other-experiment', folder });
    // The number of threads is not part of its identity.
    expect(objectOf(await cli(...command, '--threads', '1')).reproduction).toBe(result.reproduction);
  });

  test('says how to resume it when it is stopped', async () => {
    const place = path.join(home, 'stopped');
    const program = startCli([...command.slice(0, -3), '--steps', '500', '--out', place, '--json'], { home });
    const step = () => {
      const runs = existsSync(path.join(place, 'runs')) ? readdirSync(path.join(place, 'runs')) : [];
      return runs.some((run) => recordsOf(path.join(place, 'runs', run)).some(({ type }) => type === 'step'));
    };
    await until('a step', step);
    program.kill('SIGINT');
    const ended = await program.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 3, signal: null });
    const { error } = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1)!);
    expectRefusal(error, 'canceled', { reason: 'stopped' });
    expect(existsSync(path.join(place, 'report.html'))).toBe(false);
  });
});

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
