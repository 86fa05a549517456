/** The effect of training on a few problems on held-out ones: changes by set, and problems that turned. */
import type { ExperimentRun } from '../../experiment.ts';
import { type Change, changesBySort, evaluatedChanges, meanChange, type ProblemChange } from '../../parts/changes.ts';
import type { ProbeResult } from '../../parts/probe.ts';
import { type Sort, sortOf } from '../../parts/sorts.ts';

/** Sizes of the training sets; the paper's is the first. */
export const SIZES = [6, 16] as const;

/** A training set: problems of one sort (null: any) with wrong majorities, or with correct ones as a control. */
export interface TrainedSet {
  majorities: 'wrong' | 'right';
  sort: Sort | null;
  size: number;
}

export interface GeneralizationRun {
  set: TrainedSet;
  seed: number;
  /** The training problems, as probed before training. */
  problems: readonly ProbeResult[];
  run: ExperimentRun;
}

/** The problems that a training set is drawn from: majority correct or wrong, and of its sort if it has one. */
export function membersOf({ majorities, sort }: TrainedSet, problems: readonly ProbeResult[]): ProbeResult[] {
  return problems.filter(
    ({ right, text }) => right === (majorities === 'right') && (sort === null || sortOf(text) === sort),
  );
}

/** Held-out problems that turned from wrong to right in a seed, and from right to wrong. */
interface Turned {
  up: number;
  down: number;
  wrongBefore: number;
}

export interface GeneralizationSummary {
  set: TrainedSet;
  runs: readonly GeneralizationRun[];
  /** Label accuracy of all held-out problems, and of those of the set's sort that were wrong in the probe. */
  all: Change | null;
  alike: Change | null;
  accuracy: Change | null;
  turned: Turned[];
  changes: ProblemChange[][];
}

/** Runs on sets of one size and kind: changes of all held-out problems, and of those like the training problems. */
export function summarize(runs: readonly GeneralizationRun[], heldOut: readonly ProbeResult[]): GeneralizationSummary {
  const [{ set }] = runs as [GeneralizationRun];
  const alike = new Set(membersOf({ ...set, majorities: 'wrong' }, heldOut).map(({ id }) => id));
  const changes = runs.map(({ run }) => evaluatedChanges(run));
  const likeIt = changes.map((seed) => seed.filter(({ id }) => alike.has(id)));
  return {
    set,
    runs,
    changes,
    all: meanChange(changes, ({ label }) => label),
    alike: meanChange(likeIt, ({ label }) => label),
    accuracy: meanChange(changes, ({ accuracy }) => accuracy),
    turned: changes.map((seed) => ({
      up: seed.filter(({ label }) => !label.before && label.after).length,
      down: seed.filter(({ label }) => label.before && !label.after).length,
      wrongBefore: seed.filter(({ label }) => !label.before).length,
    })),
  };
}

/** `6 long sums, wrong`. */
export function nameOf({ majorities, sort, size }: TrainedSet): string {
  return `${size} ${sort ?? 'problems'}, ${majorities}`;
}

/** Mean change of label accuracy (the majority is correct) by sort of problem, over seeds. */
export const labelsBySort = (changes: readonly ProblemChange[][]) => changesBySort(changes, ({ label }) => label);
