/** The commands that look at runs afterwards, and the one that makes runs to look at: rescore, analyze, experiment. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { experiments as all } from '../../engine/experiments/catalog/index.ts';
import { readGroup } from '../../engine/journal/groups.ts';
import type { GroupRecord } from '../../engine/protocol/index.ts';
import { REWARDS } from '../../engine/reward/index.ts';
import { type Ended, isAlive, runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { until } from '../support/wait.ts';

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

  test('computes what can be computed, and says why the others cannot', async () => {
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
    expect(text).toMatch(/^24 groups \(train\); the run was trained with majority-vote\.$/m);
    expect(text).toMatch(/^reward +groups +mean +range +all equal +AUROC within problems/m);
    expect(text).toMatch(/^Best agreement with correctness: \S+, AUROC /m);
  });

  test('gives the rewards that trained, by problem and step', async () => {
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
      expect(await ok('rescore', 'labeled', ...options)).toMatch(
        /^step +reward +top-1 +answer +verdict +rewards by rollout$/m,
      );
    }
  });

  test('adds the reward that trained, once, so that there is something to compare with', async () => {
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

  test('takes another phase, and runs without labels', async () => {
    const evaluated = await json('rescore', 'labeled', '--phase', 'evaluation', '--reward', 'empo');
    expect(evaluated).toMatchObject({ phase: 'evaluation', groups: groupsOf('labeled', 'evaluation').length });
    expect(await ok('rescore', 'plain')).toMatch(/^No ranking: there are no labels/m);
  });

  test.each([
    [['--reward', 'covo'], /covo/],
    [['--reward', 'majority'], /Unknown reward "majority"/],
    [
      ['--reward', 'empo', '--phase', 'probe'],
      /no probe rollouts.*It has rollouts of these phases: evaluation, greedy, train/s,
    ],
    [['--phase', 'training'], /--phase: 'training' is not allowed; allowed: train, /],
    [['--step', '99'], /no train rollouts at step 99/],
    [['--step', '-1'], /--step: '-1' is not allowed/],
    [['--problem', 'nobody'], /no problem 'nobody'.*chain-001/s],
  ])('%j is refused', async (args, message) => {
    const refused = await cli('rescore', 'labeled', ...args);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toMatch(message);
    expect(refused.stdout).toBe('');
  });
});

function problemOf(run: string, index: number): { id: string; prompt: string } {
  const lines = readFileSync(path.join(home, 'runs', run, 'problems.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return JSON.parse(lines[index]!);
}

describe('analyze', () => {
  test('says everything of a run with labels', async () => {
    const text = await ok('analyze', 'labeled');
    for (const line of [
      /^Confidence vs\. correctness: 8 problems, train, step 1$/m,
      /^AUROC for correctness +within problems +across problems/m,
      /^majority +problems +ids/m,
      /^k +pass@k +maj@k$/m,
      /^Sharpening: share of the initial majority answer, 8 problems$/m,
      /Theorem 1: initial majority kept /,
      /^Outcome: /m,
      /Model Collapse Step \(reward accuracy below 1%\): > 3$/m,
      /collapse watch: no alarms$/m,
      /^Forecast for training with majority-vote: predicted majority accuracy 0\.\d+ .* expected wrong majorities: /m,
      /^Forecast score: predicted majority accuracy 0\.\d+, measured 0\.\d+ .* on 8 problems /m,
    ]) {
      expect(text).toMatch(line);
    }
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

  test('has no reward accuracy and no collapse step of a reward that does not say right or wrong', async () => {
    expect(await ok('analyze', 'degrees')).toMatch(
      /Model Collapse Step \(reward accuracy below 1%\): not defined for self-certainty \+ 0\.5\*trajectory-entropy, which is not a correctness reward$/m,
    );
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

  test('has KL and clip fraction of each problem that trained', async () => {
    const steps = recordsOf(path.join(home, 'runs', 'labeled')).filter((record) => record.type === 'step');
    const last = steps.at(-1)!;
    const of = new Map(last.problems!.map((one) => [problemOf('labeled', one.problem).id, one]));
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
    expect(await ok(...trained)).toMatch(/^update: +KL to the reference policy .* nats\/token, clip fraction 0\.00$/m);
  });

  test('says why there is no forecast where the reward reads labels', async () => {
    const message = 'No forecast: ground-truth reads labels, and forecasts are label-free.';
    const records = recordsOf(path.join(home, 'runs', 'labels'));
    expect(records.filter(({ type }) => type === 'forecast' || type === 'forecast-score')).toEqual([]);
    expect(records.filter((record) => record.type === 'group' && record.phase === 'probe')).toEqual([]);
    expect(records.filter((record) => record.type === 'warning' && record.message === message)).toHaveLength(1);
    expect(await ok('analyze', 'labels')).toContain(message);
    expect(await json('analyze', 'labels')).toMatchObject({ forecast: null });
    const probe = ['probe', '--limit', '3', '--votes', '4', '--device', 'cpu', '--reward', 'ground-truth'];
    expect(await ok(...probe)).toContain(message);
    expect(await ok('probe', ...probe.slice(1, -2))).toMatch(/^Forecast for training with majority-vote: /m);
  });

  test('pi* by re-weighting: as the rollouts are at a large beta, the rewarded answer alone at a small one', async () => {
    const at = async (beta: string) => await json('analyze', 'labeled', '--beta', beta);
    const { problems } = await at('1e9');
    const sharp = (await at('0.01')).problems;
    problems.forEach(
      ({ majorityShare, optimum }: { majorityShare: number; optimum: { majorityShare: number } }, i: number) => {
        expect(optimum.majorityShare).toBeCloseTo(majorityShare, 6);
        expect(sharp[i].optimum.majorityShare).toBeCloseTo(1, 6);
      },
    );
    expect(await ok('analyze', 'labeled', '--beta', '1')).toMatch(
      /^Optimum pi\* at beta 1\.00, by reweighting these rollouts: majority share 0\.\d+ now, 0\.\d+ at the optimum; accuracy /m,
    );
  });

  test('of one step, of evaluations, and of a run without labels', async () => {
    expect(await json('analyze', 'labeled', '--step', '3')).toMatchObject({ phase: 'train', step: 3 });
    expect(await json('analyze', 'labeled', '--phase', 'evaluation', '--step', '2')).toMatchObject({
      phase: 'evaluation',
      step: 2,
    });
    expect(await ok('analyze', 'plain')).toContain('No labels: correctness is unknown.');
    expect(await json('analyze', 'plain')).toMatchObject({ alignment: [], theory: null, forecast: null });
  });

  test.each([
    [['labeled', '--phase', 'probe'], /no probe rollouts/],
    [['labeled', '--phase', 'x'], /--phase: 'x' is not allowed/],
    [['labeled', '--step', '7'], /at step 7/],
    [['nobody'], /No run 'nobody'/],
    [['labeled', '--beta', '-1'], /--beta: '-1' is not allowed/],
  ])('%j is refused', async (args, message) => {
    const refused = await cli('analyze', ...args);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toMatch(message);
  });
});

describe('experiment', () => {
  test('without a name lists what there is', async () => {
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
    [['nothing'], /no experiment "nothing".*rise-then-fall/s],
    [['theory', '--against', 'embedded:W'], /takes one model.*collapse-step/s],
    [['theory', '--seeds', '0'], /--seeds: '0' is not allowed/],
    [['theory', '--parallel', 'many'], /--parallel: 'many' is not allowed/],
    [['theory', '--reward', 'nonsense'], /Unknown reward "nonsense"/],
  ])('%j is refused', async (args, message) => {
    const refused = await cli('experiment', ...args);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toMatch(message);
    expect(existsSync(path.join(home, 'experiments'))).toBe(false);
  });

  const folder = path.join(home, 'experiment');
  const SMALL = ['--steps', '2', '--votes', '4', '--group', '4', '--limit', '2', '--seeds', '1', '--device', 'cpu'];
  const command = ['experiment', 'theory', ...SMALL, '--parallel', '1', '--out', folder, '--json'];
  const completed = () =>
    (existsSync(path.join(folder, 'runs')) ? readdirSync(path.join(folder, 'runs')) : []).filter((run) =>
      recordsOf(path.join(folder, 'runs', run)).some((record) => record.type === 'end'),
    );

  test('that is killed resumes where it was, to its report', async () => {
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
    expect(['reproduced', 'partly', 'not']).toContain(result.verdict);
    expect(result.criteria.length).toBeGreaterThan(0);
    expect(result.runs).toBe(completed().length);
    expect(result.runs).toBeGreaterThan(before.length);
    // What was done is not done again.
    expect(before.map(times)).toEqual(kept);
    expect(JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8'))).toMatchObject({
      experiment: 'theory',
      verdict: result.verdict,
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
    const other = await cli(...command, '--lr', '1e-3');
    expect(other.code, other.stderr).toBe(2);
    expect(objectOf(other).error).toMatchObject({ code: 'config', message: expect.stringContaining(folder) });
    // Threads are no part of what it finds.
    expect(objectOf(await cli(...command, '--threads', '1')).verdict).toBe(result.verdict);
  });

  test('that is stopped says how to resume it', async () => {
    const place = path.join(home, 'stopped');
    const program = startCli([...command.slice(0, -3), '--steps', '500', '--out', place], { home });
    const step = () => {
      const runs = existsSync(path.join(place, 'runs')) ? readdirSync(path.join(place, 'runs')) : [];
      return runs.some((run) => recordsOf(path.join(place, 'runs', run)).some(({ type }) => type === 'step'));
    };
    await until('a step', step);
    program.kill('SIGINT');
    const ended = await program.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 3, signal: null });
    expect(ended.stderr).toMatch(/hint: Repeat the command/);
    expect(existsSync(path.join(place, 'report.html'))).toBe(false);
  });
});

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
