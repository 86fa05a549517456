/**
 * A small, complete run folder, written through the real journal: arithmetic problems whose majority share rises under
 * majority voting, a few of them confidently wrong. Its bytes depend only on the options.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curveAtK } from '../../engine/analysis/evaluation-metrics.ts';
import { answerDiversity, answerEntropy, confidenceAgreement } from '../../engine/analysis/metrics.ts';
import { createJournal } from '../../engine/journal/create.ts';
import type { Journal, JournalOptions } from '../../engine/journal/journal.ts';
import { plural } from '../../engine/protocol/format.ts';
import {
  type Cluster,
  type Estimate,
  type GroupDetail,
  majorityOf,
  type Problem,
  type Prompt,
  type Rollout,
  RUN_FORMAT,
  RunConfig,
  type RunFile,
  tokenFacts,
} from '../../engine/protocol/index.ts';
import { draw, generator, type Phase, type Task, tasks } from './pretended-model.ts';

export interface RunFixtureOptions {
  problems?: number;
  /** Rollouts per problem, in training and in evaluation. */
  votes?: number;
  steps?: number;
  /** Interval between evaluations and checkpoints, in steps. */
  every?: number;
  seed?: number;
  /** Whether the problems have reference answers. */
  labels?: boolean;
  /** How the run ends; `interrupted` leaves it without an end record, `running` also with its journal open. */
  outcome?: 'completed' | 'stopped' | 'failed' | 'interrupted' | 'running';
  /** Path of the dataset that the problems name. */
  dataset?: string;
  created?: Date;
}

export interface RunFixture {
  folder: string;
  runFile: RunFile;
  problems: Problem[];
  /** Open if the outcome is `running`. */
  journal: Journal | null;
}

type Settled = Required<RunFixtureOptions>;

/** Creates `folder` and writes a run into it. */
export async function writeRunFixture(folder: string, options: RunFixtureOptions = {}): Promise<RunFixture> {
  const journal = await createFixtureJournal(folder, options);
  await playFixture(journal, options);
  const running = options.outcome === 'running';
  if (!running) await journal.close();
  const { runFile, problems } = journal;
  return { folder: journal.folder, runFile, problems: [...problems], journal: running ? journal : null };
}

/** The run folder before any record is written. */
export async function createFixtureJournal(
  folder: string,
  options: RunFixtureOptions = {},
  journalOptions: JournalOptions = {},
): Promise<Journal> {
  const settings = settle(options);
  const config = RunConfig.parse({
    model: 'embedded',
    dataset: { path: settings.dataset },
    steps: settings.steps,
    batch: settings.problems,
    votes: settings.votes,
    group: settings.votes,
    sampling: { maxTokens: 64 },
    optimizer: { lr: 1e-3 },
    evaluation: { every: settings.every, samples: settings.votes },
    checkpoint: { every: settings.every },
    device: 'cpu',
    seed: settings.seed,
  });
  const runFile: RunFile = {
    format: RUN_FORMAT,
    created: settings.created.toISOString(),
    origin: { engine: 'rollscope', version: '0.1.0', files: [] },
    config,
    foreign: null,
    versions: { rollscope: '0.1.0', node: '20.20.2', onnxruntime: '1.30.0' },
    modelFingerprint: 'c0ffee00c0ffee00',
    dataFingerprint: 'da7ada7ada7ada7a',
  };
  const problems = tasks(settings).map((task) => task.problem);
  const prompts = problems.map(({ index, text }): Prompt => ({ problem: index, text: `${text}\n`, tokens: [1, 2, 3] }));
  return createJournal(folder, { runFile, problems, prompts }, { now: clock(settings.created), ...journalOptions });
}

/** Mimics the training loop: continues from the journal's checkpoint, or from the start. */
export async function playFixture(journal: Journal, options: RunFixtureOptions = {}): Promise<void> {
  const settings = settle(options);
  const all = tasks(settings);
  if (!journal.checkpoint) {
    journal.append({
      type: 'run',
      config: journal.runFile.config,
      problems: all.length,
      evaluationProblems: 0,
      model: {
        name: 'embedded',
        parameters: 156_032,
        trainable: 156_032,
        vocabulary: 24,
        fingerprint: journal.runFile.modelFingerprint,
      },
      dataFingerprint: journal.runFile.dataFingerprint,
      device: 'cpu',
    });
    await evaluate(journal, settings, all, 0);
  }
  for (let step = (journal.checkpoint?.step ?? 0) + 1; step <= settings.steps; step++) {
    await train(journal, settings, all, step);
    const last = step === settings.steps;
    if (step % settings.every !== 0 && !last) continue;
    if (last && settings.outcome !== 'completed') break;
    await evaluate(journal, settings, all, step);
    await journal.writeCheckpoint(step, (aside) =>
      writeFile(join(aside, 'state.json'), `${JSON.stringify({ step })}\n`),
    );
  }
  finish(journal, settings);
}

function finish(journal: Journal, { outcome, steps }: Settled): void {
  if (outcome === 'completed') journal.append({ type: 'end', reason: 'completed', step: steps });
  if (outcome === 'stopped') {
    journal.append({ type: 'lifecycle', event: 'stopping' });
    journal.append({ type: 'end', reason: 'stopped', step: steps });
  }
  if (outcome === 'failed') {
    const message = `The loss is not finite at step ${steps + 1}, problem 3.`;
    const hint = 'Lower the learning rate, then resume from the last checkpoint.';
    journal.append({ type: 'end', reason: 'failed', step: steps, error: { code: 'non-finite', message, hint } });
  }
}

function settle(options: RunFixtureOptions): Settled {
  return {
    problems: 12,
    votes: 8,
    steps: 10,
    every: 5,
    seed: 7,
    labels: true,
    outcome: 'completed',
    dataset: 'embedded',
    created: new Date(Date.UTC(2026, 10, 24, 19, 30, 12)),
    ...options,
  };
}

/** Draws, clusters, stores and records the rollouts of one problem. */
function group(journal: Journal, settings: Settled, task: Task, step: number, phase: Phase): GroupDetail {
  const count = phase === 'greedy' ? 1 : settings.votes;
  const drawn = Array.from({ length: count }, (_, rollout) => draw(task, settings.seed, step, phase, rollout));
  const isCorrect = (answer: string) => (settings.labels ? answer === task.right : null);
  const answers = new Set(drawn.flatMap(({ answer }) => answer ?? []));
  const membersOf = (answer: string) => [...drawn.keys()].filter((rollout) => drawn[rollout]!.answer === answer);
  const clusters: Cluster[] = [...answers]
    .map((answer) => ({ answer, members: membersOf(answer), correct: isCorrect(answer) }))
    .sort((a, b) => b.members.length - a.members.length || a.members[0]! - b.members[0]!);
  const best = clusters[0];
  const rewards: number[] = drawn.map(({ answer }) => (best && answer === best.answer ? 1 : 0));
  const mean = average(rewards);
  const deviation = Math.sqrt(rewards.reduce((sum, r) => sum + (r - mean) ** 2, 0) / Math.max(1, count - 1));
  const trains = phase === 'train';
  const rollouts = drawn.map(
    ({ stored: { text, tokenTexts, finish, tokens, ...statistics }, answer }, index): Rollout => {
      const cluster = answer === null ? null : clusters.findIndex((candidate) => candidate.answer === answer);
      const reward = rewards[index]!;
      const why =
        answer === null
          ? 'no answer was found'
          : `answer ${answer} has ${plural(clusters[cluster!]!.members.length, 'vote')}`;
      return {
        text,
        answer,
        cluster,
        correct: settings.labels ? answer === task.right : null,
        reward: trains ? reward : null,
        rewards: {},
        advantage: trains ? (reward - mean) / (deviation + 1e-6) : null,
        why: trains
          ? [
              { kind: 'number', name: 'votes', value: reward, text: why },
              { kind: 'result', reward, text: `reward ${reward}` },
            ]
          : [],
        foreign: {},
        finish,
        ids: tokens,
        tokenTexts,
        statistics,
        ...tokenFacts(tokens, statistics),
      };
    },
  );
  const majority = majorityOf({ clusters, rollouts });
  const problem = task.problem.index;
  const detail: GroupDetail = { phase, step, problem, clusters, majority, rollouts, evidence: {} };
  journal.appendGroup(detail);
  return detail;
}

async function train(journal: Journal, settings: Settled, all: Task[], step: number): Promise<void> {
  const groups = all.map((task) => group(journal, settings, task, step, 'train'));
  const rollouts = groups.flatMap((item) => item.rollouts);
  const labeled = (value: number) => (settings.labels ? value : null);
  const skipped = groups.filter((item) => item.rollouts.every((rollout) => rollout.advantage === 0)).length;
  const tokens = rollouts.reduce((sum, rollout) => sum + rollout.tokens!, 0);
  const entropy = average(rollouts.map((rollout) => rollout.entropy!));
  const wave = generator(settings.seed, 0x5e, step);
  journal.append({
    type: 'step',
    step,
    metrics: {
      proxyReward: average(rollouts.map((rollout) => rollout.reward!)),
      groundTruthReward: labeled(average(rollouts.map((rollout) => Number(rollout.correct)))),
      rewardAccuracy: labeled(average(rollouts.map((item) => Number((item.reward === 1) === item.correct)))),
      labelAccuracy: labeled(average(groups.map((item) => Number(item.majority?.correct ?? false)))),
      majorityShare: average(groups.map((item) => item.majority?.share ?? 0)),
      rawMajorityShare: average(groups.map((item) => item.majority?.rawShare ?? 0)),
      entropy,
      length: tokens / rollouts.length,
      truncated: average(rollouts.map((rollout) => Number(rollout.finish === 'length'))),
      noAnswer: average(rollouts.map((rollout) => Number(rollout.answer === null))),
      answerEntropy: mean(groups.flatMap((item) => answerEntropy(item) ?? [])),
      answerDiversity: answerDiversity(groups),
      confidenceAgreement: mean(groups.flatMap((item) => confidenceAgreement(item) ?? [])),
      repetition: mean(rollouts.flatMap(({ repetition }) => repetition ?? [])),
      loss: skipped === groups.length ? null : -0.02 * wave(),
      gradientNorm: skipped === groups.length ? null : 0.3 + entropy * wave(),
      kl: null,
      clipFraction: 0,
      rolloutMismatch: null,
      learningRate: 1e-3,
      skippedGroups: skipped,
      tokens,
    },
    timing: {
      seconds: 2.4 + wave(),
      rolloutSeconds: 1.6,
      updateSeconds: 0.7,
      engineSeconds: 0.1,
      rolloutTokensPerSecond: tokens / 1.6,
      residentBytes: 310e6 + Math.floor(wave() * 1e6),
    },
  });
  await journal.sync();
}

async function evaluate(journal: Journal, settings: Settled, all: Task[], step: number): Promise<void> {
  const sampled = all.map((task) => group(journal, settings, task, step, 'evaluation'));
  const greedy = all.map((task) => group(journal, settings, task, step, 'greedy'));
  const rollouts = sampled.flatMap((item) => item.rollouts);
  const estimate = (values: number[]) => (settings.labels ? interval(values) : null);
  journal.append({
    type: 'evaluation',
    step,
    problems: all.length,
    samples: settings.votes,
    accuracy: estimate(sampled.map((item) => average(item.rollouts.map((rollout) => Number(rollout.correct))))),
    majorityAccuracy: estimate(sampled.map((item) => Number(item.majority?.correct ?? false))),
    greedyAccuracy: estimate(greedy.map((item) => Number(item.rollouts[0]!.correct))),
    passAtK: estimate(sampled.map((item) => Number(item.rollouts.some((rollout) => rollout.correct)))),
    majorityShare: average(sampled.map((item) => item.majority?.share ?? 0)),
    entropy: average(rollouts.map((rollout) => rollout.entropy!)),
    length: average(rollouts.map((rollout) => rollout.tokens!)),
    answerEntropy: mean(sampled.flatMap((item) => answerEntropy(item) ?? [])),
    repetition: mean(rollouts.flatMap(({ repetition }) => repetition ?? [])),
    truncated: average(rollouts.map((rollout) => Number(rollout.finish === 'length'))),
    noAnswer: average(rollouts.map((rollout) => Number(rollout.answer === null))),
    atK: settings.labels ? curveAtK(sampled) : null,
    timing: { seconds: 1.9 },
  });
}

/** Mean over problems with its 95% confidence interval (normal approximation), clamped to [0, 1]. */
function interval(values: number[]): Estimate {
  const mean = average(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  const half = 1.96 * Math.sqrt(variance / values.length);
  return { mean, low: Math.max(0, mean - half), high: Math.min(1, mean + half) };
}

/** null without values. */
function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : average(values);
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function clock(start: Date): () => Date {
  let milliseconds = start.getTime();
  return () => {
    milliseconds += 210;
    return new Date(milliseconds);
  };
}
