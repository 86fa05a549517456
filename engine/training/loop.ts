/**
 * The training loop: sample, vote, reward, advantages, update, record. It is a walk over three stages (evaluate, save,
 * step) whose place is all that a checkpoint needs beside the weights: what follows from it is the same every time.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { evaluationMetrics, stepMetrics } from '../analysis/index.ts';
import type { Journal } from '../journal/journal.ts';
import type { Evidence, Problem, RunConfig, SamplingConfig, StoredRollout } from '../protocol/index.ts';
import { type RunReward, rewardOf, type Scores } from '../reward/index.ts';
import { advantages, isGroupwise } from './advantages.ts';
import type { Compute } from './compute.ts';
import { gatherEvidence } from './evidence.ts';
import { type Judged, judge } from './judge.ts';
import type { TrainedResponse } from './micro-batch.ts';
import type { ProgressMeter } from './progress.ts';
import { batchOf, checkpointDue, evaluationDue, learningRate, subset } from './schedule.ts';
import type { UpdateMetrics } from './trainer.ts';

/** Where the loop stands: `stage` comes next, with `step` updates done. */
export interface LoopState {
  step: number;
  stage: 'evaluate' | 'save' | 'step';
}

export const STATE_FILE = 'state.json';

export interface LoopOptions {
  config: RunConfig;
  journal: Journal;
  compute: Compute;
  meter: ProgressMeter;
  /** The training problems; evaluation problems, where they are others, come after them. */
  training: readonly Problem[];
  evaluation: readonly Problem[];
  /** Size of the model's vocabulary. */
  vocabulary: number;
}

/** A problem's rollouts with what is made of them in a step. */
interface TrainGroup {
  problem: Problem;
  group: Judged;
  rollouts: StoredRollout[];
}

/** What remains of a group for the update and the metrics. */
interface CollectedGroup {
  problem: Problem;
  group: Judged;
  responses: TrainedResponse[];
}

type Phase = 'train' | 'evaluation' | 'greedy' | 'probe';

export class Loop {
  /** A place to which the run can go back: its weights are those of the policy now. */
  private safe: { state: LoopState; position: ReturnType<Journal['position']> };
  private phase: Phase = 'train';
  /** Between the first and the last of a step's several updates: no place to go back to. */
  private between = false;

  constructor(
    private readonly options: LoopOptions,
    private state: LoopState,
  ) {
    this.safe = { state: { ...state }, position: options.journal.position() };
  }

  get step(): number {
    return this.state.step;
  }

  /** What the activity serves, for progress. */
  get currentPhase(): Phase {
    return this.phase;
  }

  /** Runs to the end of the configuration. Throws when cancelled or when something fails; `save` is possible then. */
  async run(): Promise<void> {
    const { config, journal } = this.options;
    if (config.job === 'probe') return this.probe();
    for (;;) {
      const { step, stage } = this.state;
      if (stage === 'evaluate') {
        if (evaluationDue(config, step)) await this.evaluate();
        this.enter({ step, stage: 'save' });
      } else if (stage === 'save') {
        if (checkpointDue(config, step)) await this.save();
        this.enter({ step, stage: 'step' });
      } else {
        if (step >= config.steps) return;
        await this.train(step + 1);
        this.enter({ step: step + 1, stage: 'evaluate' });
      }
      await journal.sync();
    }
  }

  private enter(state: LoopState): void {
    this.between = false;
    this.state = state;
    this.safe = { state, position: this.options.journal.position() };
  }

  /**
   * Writes a checkpoint from which the run goes on exactly as it would have now. Amid the updates of one step there is
   * none to write: the run goes on from the one before.
   */
  async save(): Promise<void> {
    if (this.between) return;
    const { journal, compute } = this.options;
    const { step, stage } = this.safe.state;
    // Whoever goes on from a checkpoint has it already.
    const state: LoopState = { step, stage: stage === 'save' ? 'step' : stage };
    await journal.writeCheckpoint(
      state.step,
      async (folder) => {
        await compute.save(folder);
        await fs.writeFile(path.join(folder, STATE_FILE), `${JSON.stringify(state)}\n`);
      },
      this.safe.position,
    );
  }

  /** Samples a phase's problems; `onGroup` gets them as they are complete. */
  private async sample(
    phase: Phase,
    step: number,
    problems: readonly Problem[],
    rows: number,
    sampling: SamplingConfig,
    onGroup: (problem: Problem, rollouts: StoredRollout[]) => void,
  ): Promise<void> {
    this.phase = phase;
    const byIndex = new Map(problems.map((p) => [p.index, p]));
    const stream = phase === 'train' ? 'rollout' : phase === 'probe' ? 'probe' : 'evaluation';
    await this.options.compute.sample(
      { problems: problems.map((p) => p.index), rows, sampling, stream, step },
      (problem, rollouts) => onGroup(byIndex.get(problem)!, rollouts),
    );
  }

  private record(
    phase: Phase,
    step: number,
    problem: Problem,
    group: Judged,
    rollouts: readonly StoredRollout[],
    evidence: Evidence = {},
  ): void {
    const { journal } = this.options;
    const { clusters, majority } = group;
    const frame = journal.writeFrame(rollouts, evidence);
    journal.append({
      type: 'group',
      step,
      phase,
      problem: problem.index,
      clusters,
      majority,
      rollouts: group.rollouts,
      frame,
    });
  }

  /** Writes the rewards of a group into its rollouts. */
  private score(reward: RunReward, { problem, group, rollouts }: TrainGroup, evidence: Evidence): Scores {
    const scores = reward.score({
      problem,
      rollouts,
      answers: group.answers,
      clusters: group.clusters,
      vocabulary: this.options.vocabulary,
      evidence,
      correct: group.rollouts.map((r) => r.correct),
    });
    scores.rewards.forEach((value, i) => {
      group.rollouts[i]!.reward = value;
    });
    return scores;
  }

  /**
   * Samples a step's problems, rewards them and records them: each group as soon as its advantages are known, which is
   * at once where the reward needs nothing beyond the rollouts and no advantage compares groups.
   */
  private async collect(step: number, problems: readonly Problem[]): Promise<CollectedGroup[]> {
    const { config, compute } = this.options;
    const { loss, seed } = config;
    const reward = rewardOf(config.reward, config.rewardOptions);
    const collected: CollectedGroup[] = [];
    const finish = (groups: readonly TrainGroup[], evidence: readonly Evidence[]) => {
      const scored = groups.map((item, g) => {
        const scores = this.score(reward, item, evidence[g]!);
        const subsetOf = subset(seed, step, item.problem.index, item.rollouts.length, config.group);
        return { ...item, scores, trained: scores.skip === undefined ? subsetOf : [] };
      });
      const values = advantages(
        loss.advantage,
        scored.map(({ scores, trained }) => trained.map((i) => (scores.basis ?? scores.rewards)[i]!)),
      );
      scored.forEach(({ problem, group, rollouts, trained }, g) => {
        trained.forEach((i, k) => {
          group.rollouts[i]!.advantage = values[g]![k]!;
        });
        this.record('train', step, problem, group, rollouts, evidence[g]);
        const responses = trained.map((i, k) => ({
          tokens: rollouts[i]!.tokens,
          logprob: rollouts[i]!.logprob,
          advantage: values[g]![k]!,
          truncated: rollouts[i]!.finish === 'length',
        }));
        collected.push({ problem, group, responses });
      });
    };
    const waiting: TrainGroup[] = [];
    const atOnce = reward.evidence.length === 0 && isGroupwise(loss.advantage);
    await this.sample('train', step, problems, config.votes, config.sampling, (problem, rollouts) => {
      const item = { problem, group: judge(rollouts, problem.answer), rollouts };
      if (atOnce) finish([item], [{}]);
      else waiting.push(item);
    });
    if (waiting.length > 0) finish(waiting, await gatherEvidence(reward.evidence, waiting, { config, step, compute }));
    return collected;
  }

  /** One optimizer step (or several mini-batches and passes over the same rollouts). */
  private async train(step: number): Promise<void> {
    const { config, journal, compute, meter, training } = this.options;
    const { loss, seed } = config;
    const started = performance.now();
    const deviceBefore = await compute.deviceSeconds();
    meter.stepBegins(step - 1);
    const problems = batchOf(seed, training.length, config.batch, step).map((i) => training[i]!);
    const groups = await this.collect(step, problems);
    const sampled = performance.now();
    const deviceSampled = await compute.deviceSeconds();

    const rate = learningRate(config.optimizer, step, config.steps);
    const updates: UpdateMetrics[] = [];
    const size = loss.miniBatch ?? groups.length;
    for (let pass = 0; pass < loss.epochs; pass++) {
      for (let at = 0; at < groups.length; at += size) {
        const part = groups
          .slice(at, at + size)
          .map(({ problem, responses }) => ({ problem: problem.index, responses }));
        updates.push(await compute.update({ groups: part, learningRate: rate }));
        this.between = true;
      }
    }
    const ended = performance.now();
    const device = await compute.deviceSeconds();
    const tokens = groups.reduce((n, g) => n + g.group.rollouts.reduce((m, r) => m + r.tokens, 0), 0);
    const rolloutSeconds = (sampled - started) / 1000;
    const rolloutTokensPerSecond = tokens / Math.max(1e-9, Math.max(rolloutSeconds, deviceSampled - deviceBefore));
    const seconds = (ended - started) / 1000;
    journal.append({
      type: 'step',
      step,
      metrics: {
        ...stepMetrics(groups.map(({ group }) => group)),
        loss: mean(updates.map((u) => u.loss)),
        gradientNorm: mean(updates.map((u) => u.gradientNorm)),
        clipFraction: mean(updates.map((u) => u.clipFraction)),
        kl: mean(updates.map((u) => u.kl)),
        learningRate: rate,
        skippedGroups: groups.filter(({ responses }) => responses.every((r) => r.advantage === 0)).length,
        tokens,
      },
      timing: {
        seconds,
        rolloutSeconds,
        updateSeconds: (ended - sampled) / 1000,
        engineSeconds: Math.max(0, seconds - (device - deviceBefore)),
        rolloutTokensPerSecond,
        residentBytes: process.memoryUsage.rss(),
      },
    });
    meter.stepEnds(step, seconds, rolloutTokensPerSecond);
  }

  /** avg@k, maj@k and greedy accuracy on the evaluation problems with the policy as it is. */
  private async evaluate(): Promise<void> {
    const { config, journal, meter, evaluation } = this.options;
    const { samples, greedy, temperature, topP } = config.evaluation;
    const { step } = this.state;
    const started = performance.now();
    const run = async (phase: 'evaluation' | 'greedy', rows: number, sampling: SamplingConfig) => {
      const judged: Judged[] = [];
      if (rows === 0) return judged;
      await this.sample(phase, step, evaluation, rows, sampling, (problem, rollouts) => {
        const group = judge(rollouts, problem.answer);
        this.record(phase, step, problem, group, rollouts);
        judged.push(group);
      });
      return judged;
    };
    const sampled = await run('evaluation', samples, { ...config.sampling, temperature, topP, topK: 0 });
    const decoded = await run('greedy', greedy ? 1 : 0, { ...config.sampling, temperature: 0, topP: 1, topK: 0 });
    const seconds = (performance.now() - started) / 1000;
    journal.append({
      type: 'evaluation',
      step,
      problems: evaluation.length,
      samples: Math.max(1, samples),
      ...evaluationMetrics(sampled, decoded),
      timing: { seconds },
    });
    meter.evaluationEnds(seconds);
  }

  /** Samples every problem once and changes nothing. */
  private async probe(): Promise<void> {
    const { config, journal, training } = this.options;
    const started = performance.now();
    const judged: Judged[] = [];
    await this.sample('probe', 0, training, config.votes, config.sampling, (problem, rollouts) => {
      const group = judge(rollouts, problem.answer);
      this.record('probe', 0, problem, group, rollouts);
      judged.push(group);
    });
    journal.append({
      type: 'evaluation',
      step: 0,
      problems: training.length,
      samples: config.votes,
      ...evaluationMetrics(judged, []),
      timing: { seconds: (performance.now() - started) / 1000 },
    });
  }
}

function mean(values: readonly (number | null)[]): number | null {
  const found = values.filter((v) => v !== null);
  return found.length === 0 ? null : found.reduce((a, b) => a + b, 0) / found.length;
}
