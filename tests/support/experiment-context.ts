/** Experiments without training: runs made of crafted records, and a context that provides them. */
import type { Changes, ExperimentContext, ExperimentRun } from '../../engine/experiments/experiment.ts';
import {
  type EvaluationRecord,
  type JournalRecord,
  type NewRecord,
  RunConfig,
  type RunConfigInput,
  type StepRecord,
} from '../../engine/protocol/index.ts';
import { mergeConfig } from '../../engine/protocol/presets.ts';

const METRICS: StepRecord['metrics'] = {
  proxyReward: 0.5,
  groundTruthReward: 0.5,
  rewardAccuracy: 0.5,
  labelAccuracy: 0.5,
  majorityShare: 0.5,
  rawMajorityShare: 0.5,
  entropy: 0.2,
  length: 12,
  truncated: 0,
  noAnswer: 0,
  repetition: 0,
  answerEntropy: null,
  answerDiversity: null,
  confidenceAgreement: null,
  loss: 0,
  gradientNorm: 1,
  clipFraction: 0,
  rolloutMismatch: null,
  kl: 0,
  learningRate: 1e-4,
  skippedGroups: 0,
  tokens: 1000,
};

const TIMING: StepRecord['timing'] = {
  seconds: 0,
  rolloutSeconds: 0,
  updateSeconds: 0,
  engineSeconds: 0,
  rolloutTokensPerSecond: 0,
  residentBytes: 0,
};

/** A metric over steps 1 to n: constant, or a list of points with linear interpolation. */
export type Course = number | null | readonly number[];

function at(course: Course, i: number, n: number): number | null {
  if (course === null || typeof course === 'number') return course;
  const place = n < 2 ? 0 : (i * (course.length - 1)) / (n - 1);
  const left = Math.min(Math.floor(place), course.length - 1);
  const right = Math.min(left + 1, course.length - 1);
  return course[left]! + (course[right]! - course[left]!) * (place - left);
}

export interface CraftedRun {
  id?: string;
  config?: Changes;
  steps?: number;
  metrics?: Partial<Record<keyof StepRecord['metrics'], Course>>;
  /** Held-out accuracy, evenly spaced from step 0 to the last; null: evaluations without labels. */
  accuracy?: readonly (number | null)[];
  evaluation?: Partial<EvaluationRecord>;
}

/** A finished run with these curves. */
export function craftedRun({
  id = 'run',
  config = {},
  steps = 40,
  metrics = {},
  accuracy = [],
  evaluation = {},
}: CraftedRun): ExperimentRun {
  const records: NewRecord[] = [];
  const evaluate = (i: number) => {
    const value = accuracy[i]!;
    records.push({
      type: 'evaluation',
      step: accuracy.length < 2 ? 0 : Math.round((i * steps) / (accuracy.length - 1)),
      problems: 64,
      samples: 4,
      accuracy: value === null ? null : { mean: value, low: value, high: value },
      majorityAccuracy: null,
      greedyAccuracy: null,
      passAtK: null,
      majorityShare: 0.5,
      entropy: 0.2,
      length: 12,
      answerEntropy: null,
      repetition: null,
      truncated: null,
      noAnswer: null,
      atK: null,
      timing: { seconds: 0 },
      ...evaluation,
    });
  };
  for (let i = 0; i < accuracy.length; i++) evaluate(i);
  for (let step = 1; step <= steps; step++) {
    const values = Object.entries(metrics).map(([name, course]) => [name, at(course, step - 1, steps)]);
    records.push({ type: 'step', step, metrics: { ...METRICS, ...Object.fromEntries(values) }, timing: TIMING });
  }
  records.push({ type: 'end', reason: 'completed', step: steps });
  records.sort((a, b) => stepOf(a) - stepOf(b));
  return {
    id,
    config: configWith({ steps, ...config }),
    folder: `/runs/${id}`,
    records: records.map((record, seq) => ({ ...record, seq, time: '2026-01-01T00:00:00.000Z' }) as JournalRecord),
    problems: [],
  };
}

function stepOf(record: NewRecord): number {
  return 'step' in record && typeof record.step === 'number' ? record.step : 0;
}

function configWith(changes: Changes): RunConfig {
  return RunConfig.parse(mergeConfig({ dataset: { path: 'embedded' } } satisfies RunConfigInput, changes));
}

export interface FakeContext extends ExperimentContext {
  /** What the experiment requested, in order. */
  readonly asked: { id: string; config: RunConfig }[];
  readonly files: Map<string, readonly object[]>;
  readonly expected: number[];
}

export interface FakeContextOptions {
  base?: Changes;
  seeds?: readonly number[];
  embedded?: boolean;
  /** Models in addition to the base configuration's. */
  against?: readonly string[];
  /** The run for a request. */
  answer?: (id: string, config: RunConfig) => CraftedRun;
}

/** A context whose runs are crafted immediately. */
export function fakeContext({
  base = {},
  seeds = [0, 1],
  embedded = true,
  against = [],
  answer = () => ({}),
}: FakeContextOptions = {}): FakeContext {
  const start = configWith(base);
  const asked: FakeContext['asked'] = [];
  const files: FakeContext['files'] = new Map();
  const expected: number[] = [];
  return {
    base: start,
    seeds,
    embedded,
    models: [start.model, ...against],
    asked,
    files,
    expected,
    config: (changes) => RunConfig.parse(mergeConfig(start, changes)),
    run: async (id, config) => {
      asked.push({ id, config });
      return { ...craftedRun({ id, steps: Math.min(config.steps, 40), ...answer(id, config) }), config };
    },
    expect: (runs) => {
      expected.push(runs);
    },
    problems: async (name, rows) => {
      files.set(name, rows);
      return `/experiment/problems/${name}.jsonl`;
    },
  };
}
