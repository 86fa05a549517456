/**
 * The messages between the page of a comparison and its host. The host checks what the page sends; the page imports
 * types only.
 */
import * as z from 'zod';
import { defineContract, unchecked } from '../../messages/contract.ts';
import type { ErrorData } from '../../protocol/errors.ts';
import type { RunInfo } from '../../protocol/listed-run.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { ProblemView } from '../problem-view.ts';
import { SavedFile } from '../saved-file.ts';
import type { Metric } from '../series.ts';
import type { RunComparison } from './compare.ts';
import type { RunCurve } from './curves.ts';
import { MAX_RUNS } from './letters.ts';

const step = z.int().min(0);
const ComparisonLook = z.strictObject({
  /** The step of each run; null, or absent, for the latest. */
  steps: z.array(step.nullable()).max(MAX_RUNS),
  /** Place of the run that the others are compared with. */
  first: step,
  /** Curves that are drawn. */
  curves: z.array(z.string()).max(8),
});
/** What is compared, as the page chooses it. */
export type ComparisonLook = z.infer<typeof ComparisonLook>;

/** A run of the comparison. */
export interface RunInView {
  run: string;
  folder: string;
  status: RunInfo['status'];
  job: RunInfo['job'];
  /** Latest finished step. */
  step: number;
  /** Metrics that its steps have. */
  metrics: Metric[];
}

/** A problem that all runs have, as in the first run. */
export interface RowInView {
  problem: Pick<Problem, 'index' | 'id' | 'text' | 'answer' | 'accepted'>;
  /** One per run. */
  views: ProblemView[];
}

export interface ComparisonInView extends Omit<RunComparison, 'problems'> {
  rows: RowInView[];
  /** By name, one per run. */
  curves: Record<string, RunCurve[]>;
}

export interface ShownComparison {
  runs: RunInView[];
  /** The part of the runs that has been read, 0 to 1. */
  loaded: number;
  /** Why they cannot be compared. */
  error: ErrorData | null;
  /** null while they are read, and when that failed. */
  comparison: ComparisonInView | null;
}

export const COMPARE = defineContract({
  requests: {
    /** First request of every page; `shown` follows. */
    attach: { params: z.strictObject({ look: ComparisonLook }), result: unchecked<null>() },
    look: { params: z.strictObject({ look: ComparisonLook }), result: unchecked<null>() },
    /** Shows a run in the panel, at a problem (by its index there) and a step, with cursor A at a step of another one. */
    open: {
      params: z.strictObject({
        folder: z.string(),
        problem: step.nullable(),
        step: step.nullable(),
        from: z.strictObject({ folder: z.string(), step: step.nullable() }).nullable().default(null),
      }),
      result: unchecked<null>(),
    },
    /** Writes a chart where the user says. Resolves also when nobody chose a place. */
    saveFile: { params: SavedFile, result: unchecked<null>() },
  },
  notifications: {
    /** Replaces everything that the page knows. */
    shown: unchecked<ShownComparison>(),
  },
});
export type CompareContract = typeof COMPARE;

/** The state that the page keeps across a reload. */
export interface ComparisonState {
  folders: string[];
  look: ComparisonLook;
  /** Place of the run that is listed against the first. */
  second: number;
  filter: string;
  /** Whether problems without a difference are listed too. */
  all: boolean;
}
