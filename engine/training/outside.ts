/** A trainer outside of this engine that makes the steps of a run: what it decides in the engine's place. */
import type { Evidence } from '../protocol/index.ts';

/** What it recorded of a group that it trained on. */
export interface GivenGroup {
  /** What was gathered for the reward when it was computed. */
  evidence: Evidence;
  /** [G]: the rewards that it trained with. */
  rewards: readonly number[];
  /** [G]; null where the trainer does not say. */
  advantages: readonly (number | null)[];
}

export interface OutsideTrainer {
  /** Indices of the problems of a step, counted from 1: all steps have equally many. */
  batch(step: number): readonly number[];
  /** What the trainer gave a group that was sampled for this step. */
  given(step: number, problem: number): GivenGroup;
}
