/** A search among the rollouts of a run: its conditions, all of which must hold, and its results. */
import * as z from 'zod';
import type { GroupId } from '../protocol/group.ts';
import { PHASES, type Phase } from '../protocol/group-id.ts';

export const FindQuery = z.strictObject({
  /** Text that the response contains. */
  text: z.string().min(1).optional(),
  /** Regular expression that the response matches somewhere (`engine/grading/pattern.ts`). */
  regex: z.string().min(1).optional(),
  /** Whether upper and lower case differ in both. */
  matchCase: z.boolean().optional(),
  /** The extracted answer, as written or as the first of its cluster; null: no answer. */
  answer: z.string().nullable().optional(),
  correct: z.boolean().optional(),
  finish: z.enum(['stop', 'length']).optional(),
  /** Bounds of the reward that trains, both included. */
  leastReward: z.number().optional(),
  mostReward: z.number().optional(),
  phase: z.enum(PHASES).optional(),
  /** Bounds of the step, both included. */
  firstStep: z.int().min(0).optional(),
  lastStep: z.int().min(0).optional(),
  /** Index of the only problem. */
  problem: z.int().min(0).optional(),
});
export type FindQuery = z.infer<typeof FindQuery>;

/** Part of a response around the first match; the beginning if the query has no text. */
export interface Excerpt {
  before: string;
  match: string;
  after: string;
  /** Whether there is more of the response before and after. */
  cutBefore: boolean;
  cutAfter: boolean;
}

export interface FindHit extends GroupId {
  /** Index in the group. */
  rollout: number;
  answer: string | null;
  correct: boolean | null;
  reward: number | null;
  /** Position of the match in the response, in UTF-16 units; null if the query has no text. */
  at: number | null;
  excerpt: Excerpt;
}

/** The number of matching rollouts at one step of one phase. */
export interface StepHits {
  phase: Phase;
  step: number;
  /** Matches, and rollouts that were searched. */
  hits: number;
  rollouts: number;
}

export interface FindResult {
  /** The first matches, in the order of steps, phases and problems. */
  hits: FindHit[];
  /** The number of matches, and of groups and problems that have one. */
  total: number;
  groups: number;
  problems: number;
  /** Rollouts that were searched. */
  rollouts: number;
  /** In step order. */
  steps: StepHits[];
  /** Groups whose rollouts were not stored, or cannot be read, and why the first of them cannot. */
  notStored: number;
  unreadable: number;
  fault: string | null;
  /** Number of responses for which the regular expression took too long. */
  givenUp: number;
}

export interface FindProgress {
  /** Groups that were read, of so many. */
  done: number;
  of: number;
  hits: number;
}
