/** What an experiment is: a set of ordinary runs, and findings computed from their records. */
import type { JournalRecord, Problem, RunConfig, RunConfigInput } from '../protocol/index.ts';
import type { Section } from './report/page.ts';

/** A finished run of an experiment. */
export interface ExperimentRun {
  id: string;
  config: RunConfig;
  folder: string;
  records: JournalRecord[];
  /** Those of training, then those of a separate evaluation set: what records call a problem is its index here. */
  problems: readonly Problem[];
}

/** Part of a configuration, object by object. */
export type Changes = {
  [K in keyof RunConfigInput]?: RunConfigInput[K] extends (infer V)[] | undefined
    ? V[]
    : NonNullable<RunConfigInput[K]> extends object
      ? Partial<NonNullable<RunConfigInput[K]>> | null
      : RunConfigInput[K];
};

export interface ExperimentContext {
  /** The configuration that runs of the experiment start from: the experiment's own, and what the user said. */
  readonly base: RunConfig;
  /** Seeds of repeated runs; at least one. */
  readonly seeds: readonly number[];
  /** Whether the experiment runs on embedded models: others take the user's one model and dataset. */
  readonly embedded: boolean;
  /** Models to compare, where an experiment compares some: the one of `base`, then those of --against. */
  readonly models: readonly string[];
  /** `base` with changes laid over it. */
  config(changes: Changes): RunConfig;
  /**
   * A run of the experiment, made now or on an earlier call of the command. The id names it within the experiment: letters,
   * digits, dots and hyphens. Runs asked for at once share the machine.
   */
  run(id: string, config: RunConfig): Promise<ExperimentRun>;
  /** Says how many runs there will be in all, as far as is known, for progress. */
  expect(runs: number): void;
  /** Writes a problem file of the experiment; returns its path. The same rows give the same file. */
  problems(name: string, rows: readonly object[]): Promise<string>;
}

/** A statement that the findings support or not, with the numbers that decide. */
export interface Criterion {
  /** What was expected, with its bound: `accuracy falls by more than 5 points`. */
  expected: string;
  /** What was measured. */
  measured: string;
  /** null where it could not be measured: it counts as not met. */
  met: boolean | null;
}

export interface Findings {
  criteria: Criterion[];
  sections: Section[];
  /** What somebody who reads the verdict should know: sentences made of the numbers. */
  remarks: string[];
}

export interface Experiment {
  name: string;
  title: string;
  /** What it asks. */
  question: string;
  /** What the paper found, with its section. */
  finding: string;
  /** What it does, in a few sentences: runs, sizes, measures. */
  method: string;
  /** Laid over the preset of an embedded model; the user's options go over it. */
  defaults: Changes;
  seeds: number;
  /** Minutes on two cores at the default size. */
  minutes: number;
  /** Whether it compares models, so that --against has a meaning. */
  compares?: boolean;
  run(context: ExperimentContext): Promise<Findings>;
}

export const VERDICTS = ['reproduced', 'partly', 'not'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** `reproduced` when every criterion is met, `not` when none is, `partly` between. */
export function verdictOf(criteria: readonly Criterion[]): Verdict {
  const met = criteria.filter((criterion) => criterion.met === true).length;
  if (criteria.length > 0 && met === criteria.length) return 'reproduced';
  return met === 0 ? 'not' : 'partly';
}
