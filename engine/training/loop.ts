/**
 * The training loop: sample, vote, reward, advantages, update, record. It is a walk over three stages (evaluate, save,
 * step) whose place is all that a checkpoint needs beside the weights: what follows from it is the same every time.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { evaluationMetrics, stepMetrics } from '../analysis/index.ts';
import type { Journal } from '../journal/journal.ts';
import { checkpointPath, inRun } from '../journal/layout.ts';
import { noForecast } from '../protocol/forecast-text.ts';
import type {
  Evidence,
  Forecast,
  JournalRecord,
  Problem,
  ProblemUpdate,
  RunConfig,
  SamplingConfig,
  StoredRollout,
} from '../protocol/index.ts';
import { type RunReward, rewardOf, type Scores } from '../reward/index.ts';
import { advantages, isGroupwise } from './advantages.ts';
import type { Compute } from './compute.ts';
import { gatherEvidence } from './evidence.ts';
import { CollapseGuard } from './guard.ts';
import { type Judged, judge } from './judge.ts';
import type { TrainedResponse } from './micro-batch.ts';
import { forecastRun, readsLabels, type SampledGroup, scoreOf } from './preflight.ts';
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
  /** Records of a run that goes on, up to where it goes on. */
  history: readonly JournalRecord[];
  /** Aborted when the run is to stop. */
  signal: AbortSignal;
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
  private readonly reward: RunReward;
  private readonly guard: CollapseGuard;
  private forecast: Forecast | null = null;

  constructor(
    private readonly options: LoopOptions,
    private state: LoopState,
  ) {
    this.safe = { state: { ...state }, position: options.journal.position() };
    this.reward = rewardOf(options.config.reward, options.config.rewardOptions);
    const external = this.reward.parts.some(({ family }) => family === 'external');
    this.guard = new CollapseGuard(options.config.watch, external);
    for (const record of options.history) {
      if (record.type !== 'checkpoint') this.guard.recall(record);
      else if (checkpointDue(options.config, record.step)) this.guard.saved(record.step);
      if (record.type === 'forecast') this.forecast = record.forecast;
    }
    if (state.stage === 'step' && checkpointDue(options.config, state.step)) this.guard.saved(state.step);
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
    const { config, journal, compute } = this.options;
    if (config.job === 'probe') return this.probe();
    for (;;) {
      const { step, stage } = this.state;
      if (stage === 'evaluate') {
        if (step === 0 || this.isLast(step)) await this.preflight(step);
        if (evaluationDue(config, step) || (this.isLast(step) && config.evaluation.samples > 0)) await this.evaluate();
        this.enter({ step, stage: 'save' });
      } else if (stage === 'save') {
        if (checkpointDue(config, step) || this.isLast(step)) await this.save();
        this.enter({ step, stage: 'step' });
      } else {
        if (this.isLast(step)) return;
        await this.train(step + 1);
        if (this.guard.rollbackTo !== null)
          await compute.restore(inRun(journal.folder, checkpointPath(this.guard.rollbackTo)));
        this.enter({ step: step + 1, stage: 'evaluate' });
      }
      await journal.sync();
    }
  }

  /** Whether nothing is trained after this step: it is the last one, or the collapse watch ends the run. */
  private isLast(step: number): boolean {
    return step >= this.options.config.steps || this.guard.ends;
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
    const { config, journal, compute } = this.options;
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
      (saved) => this.guard.keeps(saved),
    );
    // Those that a stop wrote would not be there in a run that was never stopped.
    if (checkpointDue(config, state.step)) this.guard.saved(state.step);
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
  private score({ problem, group, rollouts }: TrainGroup, evidence: Evidence): Scores {
    const scores = this.reward.score({
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
    const { config, compute, signal } = this.options;
    const { loss, seed } = config;
    const collected: CollectedGroup[] = [];
    const finish = (groups: readonly TrainGroup[], evidence: readonly Evidence[]) => {
      const scored = groups.map((item, g) => {
        const scores = this.score(item, evidence[g]!);
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
    const atOnce = this.reward.evidence.length === 0 && isGroupwise(loss.advantage);
    await this.sample('train', step, problems, config.votes, config.sampling, (problem, rollouts) => {
      const item = { problem, group: judge(rollouts, problem.answer), rollouts };
      if (atOnce) finish([item], [{}]);
      else waiting.push(item);
    });
    if (waiting.length > 0)
      finish(waiting, await gatherEvidence(this.reward.evidence, waiting, { config, step, compute, signal }));
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
    const metrics = {
      ...stepMetrics(
        groups.map(({ group }) => group),
        this.reward,
      ),
      loss: mean(updates.map((u) => u.loss)),
      gradientNorm: mean(updates.map((u) => u.gradientNorm)),
      clipFraction: mean(updates.map((u) => u.clipFraction)),
      kl: mean(updates.map((u) => u.kl)),
      learningRate: rate,
      skippedGroups: groups.filter(({ responses }) => responses.every((r) => r.advantage === 0)).length,
      tokens,
    };
    journal.append({
      type: 'step',
      step,
      metrics,
      problems: problemUpdates(updates),
      timing: {
        seconds,
        rolloutSeconds,
        updateSeconds: (ended - sampled) / 1000,
        engineSeconds: Math.max(0, seconds - (device - deviceBefore)),
        rolloutTokensPerSecond,
        residentBytes: process.memoryUsage.rss(),
      },
    });
    const warning = this.guard.step({ step, metrics });
    if (warning) journal.append(warning);
    meter.stepEnds(step, seconds, rolloutTokensPerSecond);
  }

  /** avg@k, maj@k and greedy accuracy on the evaluation problems with the policy as it is. */
  private async evaluate(): Promise<void> {
    const { config, journal, meter, evaluation } = this.options;
    const { samples, greedy, temperature, topP } = config.evaluation;
    const { step } = this.state;
    const started = performance.now();
    const run = async (phase: 'evaluation' | 'greedy', rows: number, sampling: SamplingConfig) => {
      const judged: SampledGroup[] = [];
      if (rows === 0) return judged;
      await this.sample(phase, step, evaluation, rows, sampling, (problem, rollouts) => {
        const group = judge(rollouts, problem.answer);
        this.record(phase, step, problem, group, rollouts);
        if (phase === 'evaluation') this.guard.vote({ problem: problem.index, majority: group.majority });
        judged.push({ problem, group, rollouts: this.forecasts(step) ? rollouts : [], evidence: {} });
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
      ...evaluationMetrics(
        sampled.map(({ group }) => group),
        decoded.map(({ group }) => group),
      ),
      timing: { seconds },
    });
    this.guard.evaluated(step);
    if (this.forecasts(step) && samples > 1) this.foretell(step, sampled);
    meter.evaluationEnds(seconds);
  }

  /** Whether the evaluation at this step serves the forecast: its problems train, and none are probed for it. */
  private forecasts(step: number): boolean {
    const { config } = this.options;
    return config.forecast === 0 && !config.evaluation.dataset && (step === 0 || this.isLast(step));
  }

  /** Probes training problems for the forecast, where that is asked for. */
  private async preflight(step: number): Promise<void> {
    const { config, training } = this.options;
    if (config.forecast === 0) return;
    if (step === 0 && readsLabels(config)) return this.foretellsNothing();
    // Without a forecast, there is nothing to score.
    if (step > 0 && !this.forecast) return;
    this.foretell(step, await this.probeProblems(step, training.slice(0, config.forecast)));
  }

  /** Records the forecast before the first step, and its score after the last. */
  private foretell(step: number, groups: readonly SampledGroup[]): void {
    const { config, journal, vocabulary } = this.options;
    if (step === 0) {
      this.forecast = forecastRun(groups, config, vocabulary);
      if (this.forecast) journal.append({ type: 'forecast', step, forecast: this.forecast });
    }
    if (step === 0 || !this.forecast) return;
    const score = scoreOf(this.forecast, groups);
    if (score) journal.append({ type: 'forecast-score', step, score });
  }

  /** Says that there is no forecast, where one was asked for. */
  private foretellsNothing(): void {
    const { config, journal } = this.options;
    const message = noForecast(config.reward);
    journal.append({ type: 'warning', code: 'forecast', message, step: null, problem: null });
  }

  /** Samples problems as training would, with what the reward asks for, and records them. */
  private async probeProblems(step: number, problems: readonly Problem[]): Promise<SampledGroup[]> {
    const { config, compute, signal } = this.options;
    const kinds = this.reward.evidence;
    const sampled: TrainGroup[] = [];
    const atOnce = kinds.length === 0;
    await this.sample('probe', step, problems, config.votes, config.sampling, (problem, rollouts) => {
      const group = judge(rollouts, problem.answer);
      if (atOnce) this.record('probe', step, problem, group, rollouts);
      sampled.push({ problem, group, rollouts });
    });
    const evidence = atOnce
      ? sampled.map(() => ({}))
      : await gatherEvidence(kinds, sampled, { config, step, compute, signal });
    return sampled.map((item, i) => {
      if (!atOnce) this.record('probe', step, item.problem, item.group, item.rollouts, evidence[i]);
      return { ...item, evidence: evidence[i]! };
    });
  }

  /** Samples every problem once and changes nothing. */
  private async probe(): Promise<void> {
    const { config, journal, training } = this.options;
    const started = performance.now();
    const sampled = await this.probeProblems(0, training);
    journal.append({
      type: 'evaluation',
      step: 0,
      problems: training.length,
      samples: config.votes,
      ...evaluationMetrics(
        sampled.map(({ group }) => group),
        [],
      ),
      timing: { seconds: (performance.now() - started) / 1000 },
    });
    if (readsLabels(config)) this.foretellsNothing();
    this.foretell(0, sampled);
  }
}

/** What the updates say of each problem: means over those that it was in. What was measured of none is left out. */
function problemUpdates(updates: readonly UpdateMetrics[]): ProblemUpdate[] {
  const found = new Map<number, ProblemUpdate[]>();
  for (const one of updates.flatMap(({ problems }) => problems)) {
    found.set(one.problem, [...(found.get(one.problem) ?? []), one]);
  }
  return [...found]
    .map(([problem, parts]) => ({
      problem,
      kl: mean(parts.map(({ kl }) => kl)),
      clipFraction: mean(parts.map(({ clipFraction }) => clipFraction)),
    }))
    .filter(({ kl, clipFraction }) => kl !== null || clipFraction !== null);
}

function mean(values: readonly (number | null)[]): number | null {
  const found = values.filter((v) => v !== null);
  return found.length === 0 ? null : found.reduce((a, b) => a + b, 0) / found.length;
}
