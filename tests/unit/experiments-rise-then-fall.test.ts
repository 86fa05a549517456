/** Rise, then fall: findings from crafted curves, and what is held out of a user's problems. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../engine/experiments/catalog/rise-then-fall/measures.ts';
import { findings, riseThenFall } from '../../engine/experiments/catalog/rise-then-fall.ts';
import type { ExperimentRun } from '../../engine/experiments/experiment.ts';
import { failureOf, lossStep } from '../../engine/experiments/parts/failure.ts';
import type { RewardRuns } from '../../engine/experiments/parts/reward-runs.ts';
import { largeSet } from '../../engine/experiments/parts/sets.ts';
import type { RewardName } from '../../engine/reward/index.ts';
import { generator } from '../../engine/rollout/philox.ts';
import { type Course, craftedRun, fakeContext } from '../support/experiment-context.ts';
import { type CraftedGroup, runWithGroups, split } from '../support/experiment-groups.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { expectReport } from '../support/report-wording.ts';

const STEPS = 160;
const EVERY = 20;
const PROBLEMS = Array.from({ length: 64 }, (_, i) => ({ id: `h${i}`, answer: 'r' }));

interface Crafted {
  reward: RewardName;
  proxy?: Course;
  truth?: Course;
  /** Rollouts of a problem that are right, at a step. */
  right: (step: number, problem: number) => string[];
  seeds?: number;
}

function crafted({ reward, proxy = [0, 1], truth = 0.4, right, seeds = 2 }: Crafted): RewardRuns {
  const steps = Array.from({ length: STEPS / EVERY + 1 }, (_, i) => i * EVERY);
  const groups = () =>
    steps.flatMap((step) =>
      PROBLEMS.map(
        (_, problem): CraftedGroup => ({ phase: 'evaluation', step, problem, answers: right(step, problem) }),
      ),
    );
  const run = () => {
    const evaluated = groups();
    const accuracy = steps.map((step) => {
      const answers = evaluated.filter((group) => group.step === step).flatMap((group) => group.answers);
      return answers.filter((answer) => answer === 'r').length / answers.length;
    });
    const metrics = { proxyReward: proxy, groundTruthReward: truth };
    return runWithGroups(PROBLEMS, evaluated, { steps: STEPS, metrics, accuracy });
  };
  return { reward, runs: Array.from({ length: seeds }, run) };
}

/** So many of four right at each of some steps, with straight lines between. */
const course = (points: readonly number[]) => (step: number) => {
  const place = (step / STEPS) * (points.length - 1);
  const left = Math.min(Math.floor(place), points.length - 2);
  const share = points[left]! + (points[left + 1]! - points[left]!) * (place - left);
  return split(4, share, 'r', 'x');
};
const lift = { truth: [0.4, 0.8, 0.1], right: course([0.5, 0.75, 0]) };
const oracle = { reward: 'ground-truth' as const, truth: [0.4, 0.9], right: course([0.5, 1]) };
const met = (runs: RewardRuns[]) => findings(runs).criteria.map((criterion) => criterion.met);

/** A run that ended with non-finite weights. */
function broken(run: ExperimentRun): ExperimentRun {
  const records = run.records.map((record) =>
    record.type === 'end'
      ? { ...record, reason: 'failed' as const, error: { code: 'non-finite', message: 'NaN' } }
      : record,
  );
  return { ...run, records } as ExperimentRun;
}

describe('findings', () => {
  test('rise and fall are reproduced', async () => {
    const runs = [crafted({ reward: 'majority-vote', ...lift }), crafted(oracle)];
    await expectReport(riseThenFall, findings(runs));
    expect(met(runs)).toEqual([true, true, true, true]);
    const { accuracy } = outcomeOf(runs[0]!);
    expect(accuracy[0]).toEqual({ start: 0.5, peak: 0.75, peakStep: 80, end: 0 });
  });

  test('a proxy that does not rise says nothing about a fall', () => {
    const flat = crafted({ reward: 'majority-vote', proxy: 0.5, right: course([0.5, 0.5]) });
    const [rise, fall, first] = met([flat, crafted(oracle)]);
    expect([rise, fall, first]).toEqual([false, null, false]);
    expect(met([crafted({ reward: 'majority-vote', right: course([0.5, 0.5]) }), crafted(oracle)])).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test('without labels, accuracy is not measured', () => {
    const blind = (reward: RewardName) => crafted({ reward, truth: null, right: () => [] });
    expect(met([blind('majority-vote'), blind('ground-truth')])).toEqual([true, null, null, null]);
  });

  test('non-finite weights count as a fall, also for the oracle', () => {
    const stands = crafted({ reward: 'majority-vote', right: course([0.5, 0.75]), truth: [0.4, 0.8] });
    const runs = [stands, crafted(oracle)];
    expect(met(runs)).toEqual([true, false, true, true]);
    expect(met(runs.map((of) => ({ ...of, runs: of.runs.map(broken) })))).toEqual([true, true, true, false]);
    expect(failureOf(broken(stands.runs[0]!))).toMatchObject({
      mode: 'breakdown',
      reason: expect.stringContaining(`step ${STEPS}`),
    });
  });

  test('unchanged models are rarely classified as changed', () => {
    const draw = generator(11, 'select');
    let lifts = 0;
    let falls = 0;
    const experiments = 25;
    const labeled = crafted(oracle);
    for (let i = 0; i < experiments; i++) {
      const noise = Array.from({ length: STEPS }, () => 0.4 + 0.1 * (draw() - 0.5));
      const right = (_: number, problem: number) =>
        Array.from({ length: 4 }, () => (draw() < 0.1 + (0.6 * problem) / 63 ? 'r' : 'x'));
      const [, fall, first] = met([crafted({ reward: 'majority-vote', truth: noise, right }), labeled]);
      if (first) lifts++;
      if (fall) falls++;
    }
    // One in 740 each is what three standard errors would let pass.
    expect(lifts).toBeLessThanOrEqual(1);
    expect(falls).toBeLessThanOrEqual(1);
  });
});

describe('the step at which a model is lost', () => {
  const lost = (truth: Course, steps = 40) =>
    lossStep(craftedRun({ steps, metrics: { groundTruthReward: truth } })).step;

  test('is after its peak', () => {
    expect(lost([0.02, 0.02, 0.03, 0.1, 0.3, 0.5, 0.6, 0.62, 0.6, 0.61], 10)).toBeNull();
    expect(lost([0.02, 0.6, 0.6, 0.0], 40)).toBeGreaterThan(27);
  });

  test('is the last step if the weights became non-finite before', () => {
    const run = broken(craftedRun({ steps: 7, metrics: { groundTruthReward: 0.5 } }));
    expect(lossStep(run).step).toBe(7);
  });
});

describe("a user's problems", () => {
  const fileOf = (count: number) => {
    const file = path.join(temporaryFolder(), 'mine.jsonl');
    writeFileSync(
      file,
      Array.from({ length: count }, (_, i) => `{"id":"p${i}","prompt":"${i}?","answer":"${i}"}\n`).join(''),
    );
    return file;
  };
  const splitOf = async (count: number, base = {}) => {
    const context = fakeContext({ embedded: false, base: { dataset: { path: fileOf(count) }, ...base } });
    const { dataset, evaluation } = context.config(await largeSet(context));
    return { trained: dataset.ids!, held: evaluation.dataset?.ids ?? [] };
  };

  test('are split: evaluation problems are never trained on', async () => {
    for (const count of [3, 30, 300]) {
      const { trained, held } = await splitOf(count);
      expect(held.length).toBe(Math.min(64, count / 3));
      expect(new Set([...trained, ...held]).size).toBe(count);
      expect(trained.length + held.length).toBe(count);
    }
    // At random: a file may be sorted.
    expect((await splitOf(30)).held).not.toEqual(Array.from({ length: 10 }, (_, i) => `p${i}`));
  });

  test('stay whole if there are separate evaluation problems', async () => {
    const other = fileOf(5);
    const context = fakeContext({
      embedded: false,
      base: { dataset: { path: fileOf(9) }, evaluation: { dataset: { path: other } } },
    });
    const { dataset, evaluation } = context.config(await largeSet(context));
    expect(dataset.ids).toHaveLength(9);
    expect(evaluation.dataset!.path).toBe(other);
  });

  test('that are too few are refused', async () => {
    await expectRejection(splitOf(2), 'usage', { reason: 'too-few-problems', count: 2 });
  });

  test('are what a reward trains on and is measured on', async () => {
    const context = fakeContext({ embedded: false, base: { dataset: { path: fileOf(30) } } });
    await riseThenFall.run(context);
    const trained = new Set(context.asked[0]!.config.dataset.ids);
    expect(trained.size).toBe(20);
    for (const { config } of context.asked) {
      expect(config.evaluation.dataset!.ids!.filter((id) => trained.has(id))).toEqual([]);
    }
  });
});
