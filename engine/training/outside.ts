/** A trainer outside this engine that makes the steps of a run: what it decides instead of the engine. */
import type { Evidence } from '../protocol/index.ts';

/** What it recorded about a group that it trained on. */
export interface OutsideGroup {
  /** The evidence that the reward was computed from. */
  evidence: Evidence;
  /** [G]: the rewards that it trained with. */
  rewards: readonly number[];
  /** [G]; null if the trainer did not record it. */
  advantages: readonly (number | null)[];
}

export interface OutsideTrainer {
  /** Indices of the problems of a step, counted from 1: all steps have equally many. */
  batch(step: number): readonly number[];
  /** What the trainer recorded about a group that was sampled for this step. */
  groupOf(step: number, problem: number): OutsideGroup;
}
