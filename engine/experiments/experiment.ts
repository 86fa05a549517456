/** An experiment: a set of ordinary runs, and findings computed from their records. */
import type { Reproduction } from '../protocol/experiments.ts';
import type { JournalRecord, Problem, RunConfig, RunConfigInput } from '../protocol/index.ts';
import type { Section } from './report/section.ts';

/** A finished run of an experiment. */
export interface ExperimentRun {
  id: string;
  config: RunConfig;
  folder: string;
  records: JournalRecord[];
  /** Training problems, then those of a separate evaluation set; records refer to their indexes here. */
  problems: readonly Problem[];
}

/** A partial configuration: partial in each of its objects. */
export type Changes = {
  [K in keyof RunConfigInput]?: RunConfigInput[K] extends (infer V)[] | undefined
    ? V[]
    : NonNullable<RunConfigInput[K]> extends object
      ? Partial<NonNullable<RunConfigInput[K]>> | null
      : RunConfigInput[K];
};

export interface ExperimentContext {
  /** The configuration that the runs start from: the experiment's defaults and the user's options. */
  readonly base: RunConfig;
  /** Seeds of repeated runs; at least one. */
  readonly seeds: readonly number[];
  /** Whether the experiment runs on embedded models; otherwise it uses the user's model and dataset. */
  readonly embedded: boolean;
  /** Models, for an experiment that compares models: that of `base`, then those of --against. */
  readonly models: readonly string[];
  /** `base` with changes applied. */
  config(changes: Changes): RunConfig;
  /**
   * A run of the experiment, computed now or by an earlier call of the command. Its id is unique within the experiment:
   * letters, digits, dots and hyphens. Concurrent runs share the machine.
   */
  run(id: string, config: RunConfig): Promise<ExperimentRun>;
  /** Sets the total number of runs, as far as it is known, for progress. */
  expect(runs: number): void;
  /** Writes a problem file of the experiment and returns its path. */
  problems(name: string, rows: readonly object[]): Promise<string>;
}

/** A statement that the findings support or not, with the deciding numbers. */
export interface Criterion {
  /** The expectation with its bound: `accuracy falls by more than 5 points`. */
  expected: string;
  /** The measured numbers. */
  measured: string;
  /** null if it could not be measured: it counts as not met. */
  met: boolean | null;
}

export interface Findings {
  criteria: Criterion[];
  sections: Section[];
  /** Sentences with numbers that help to read the result. */
  remarks: string[];
}

export interface Experiment {
  name: string;
  title: string;
  /** The question it answers. */
  question: string;
  /** The finding of the paper, with its section. */
  finding: string;
  /** Runs, sizes and measures, in a few sentences. */
  method: string;
  /** Applied over the preset of an embedded model; the user's options override it. */
  defaults: Changes;
  seeds: number;
  /** Minutes on two cores at the default size. */
  minutes: number;
  /** Whether it compares models, so that --against applies. */
  compares?: boolean;
  run(context: ExperimentContext): Promise<Findings>;
}

/** `reproduced` if every criterion is met, `not` if none is, else `partly`. */
export function reproductionOf(criteria: readonly Criterion[]): Reproduction {
  const met = criteria.filter((criterion) => criterion.met === true).length;
  if (criteria.length > 0 && met === criteria.length) return 'reproduced';
  return met === 0 ? 'not' : 'partly';
}
