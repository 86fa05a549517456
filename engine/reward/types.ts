/** What a reward gets to see, what it gives, and how it accounts for it. */
import type { Cluster, TokenStatistics } from '../protocol/records.ts';

/** A cluster without the word on whether it is right. */
type UnlabelledCluster = Pick<Cluster, 'answer' | 'members'>;

/** The rollouts of one problem, without anything that comes from a label. */
export interface Group {
  /** Extracted answers by rollout; null where there is none. */
  answers: readonly (string | null)[];
  /** Of equivalent answers, the largest first; of equally large ones, the first to reach its size. */
  clusters: readonly UnlabelledCluster[];
  /** Per-token statistics by rollout, for rewards that read them. */
  statistics?: readonly TokenStatistics[];
  finish: readonly ('stop' | 'length')[];
}

/** A group with the correctness of each rollout; null where there is no reference. */
export interface LabelledGroup extends Group {
  correct: readonly (boolean | null)[];
}

/** One thing that a rollout's reward is made of. `text` is a whole sentence for a person. */
export type Part =
  | { kind: 'no-answer'; text: string }
  | { kind: 'cluster'; cluster: number; answers: string[]; votes: number; of: number; share: number; text: string }
  | { kind: 'vote'; winner: string; won: boolean; tied: boolean; text: string }
  | { kind: 'correctness'; correct: boolean | null; text: string }
  | { kind: 'result'; reward: number; text: string };

export interface Scores {
  /** One reward a rollout. */
  rewards: number[];
  /** The parts of one rollout's reward, in the order in which they lead to it. */
  explain(index: number): Part[];
}

/** What every reward says about itself; the documentation page is made of it. */
interface RewardDescription {
  name: string;
  title: string;
  family: 'certainty' | 'ensemble' | 'external';
  formula: string;
  /** Which tokens it reads, and whether the end-of-sequence token counts. */
  tokens: string;
  /** Temperature of the distribution it reads. */
  temperature: string;
  /** Alignment of logits with tokens. */
  shift: string;
  normalisation: string;
  /** Smallest and largest value. */
  range: [number, number];
  /** Paper or code it comes from. */
  source: string;
}

/** A reward that sees no label: its function cannot be given one. */
export interface LabelFreeReward extends RewardDescription {
  labels: false;
  compute(group: Group): Scores;
}

/** A reward made of labels, to measure the others against. */
export interface LabelledReward extends RewardDescription {
  labels: true;
  compute(group: LabelledGroup): Scores;
}

export type Reward = LabelFreeReward | LabelledReward;

/** The parts of a reward as one line of text. */
export function printParts(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join('; ');
}
