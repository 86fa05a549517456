/** What a reward gets to see, what it gives, and how it accounts for it. */
import type { RewardName, RewardOptions } from '../protocol/config.ts';
import type { Evidence, EvidenceKind } from '../protocol/evidence.ts';
import type { Part } from '../protocol/explanation.ts';
import type { Cluster } from '../protocol/group.ts';
import type { Problem, StoredRollout } from '../protocol/records.ts';

export { type Part, printParts, type TokenPart } from '../protocol/explanation.ts';

/** A cluster without the word on whether it is right. */
type UnlabelledCluster = Pick<Cluster, 'answer' | 'members'>;

/** The rollouts of one problem, without anything that comes from a label. */
export interface Group {
  /** The problem's own text, and the columns of its row that the reward asked for. */
  problem: Pick<Problem, 'prompt' | 'columns'>;
  /** Texts with their tokens' statistics. */
  rollouts: readonly StoredRollout[];
  /** Extracted answers by rollout; null where there is none. */
  answers: readonly (string | null)[];
  /** Of equivalent answers, the largest first; of equally large ones, the first to reach its size. */
  clusters: readonly UnlabelledCluster[];
  /** Size of the vocabulary; null where it is not known (runs of older versions). */
  vocabulary: number | null;
  /** What was gathered for the rewards that need more than the rollouts. */
  evidence: Evidence;
}

/** A group with the correctness of each rollout; null where there is no reference. */
export interface LabelledGroup extends Group {
  correct: readonly (boolean | null)[];
}

export interface Scores {
  /** One reward a rollout. */
  rewards: number[];
  /**
   * Numbers that advantages are taken of, where they are not the rewards themselves: the same ranking and the same
   * ratios within the group, free of underflow.
   */
  basis?: number[];
  /** The group is left out of training, for this reason. */
  skip?: string;
  /** The parts of one rollout's reward, in the order in which they lead to it. */
  explain(index: number): Part[];
}

/** What every reward says about itself; the documentation page is made of it. */
interface RewardDescription {
  name: RewardName;
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
  /** What it must be told: one sentence for a person; absent where nothing. */
  setup?: string;
  /** Columns of the data that it reads beside the problem: those that must be there, and those that may. `*`: all. */
  columns?: (options: RewardOptions) => { required?: string[]; optional?: string[] };
  /** What it needs beyond the problem's rollouts; null where the options make that unnecessary. */
  evidence?: (options: RewardOptions) => EvidenceKind | null;
  /** It runs programs: in trusted workspaces only. */
  executes?: true;
}

/** A reward that sees no label: its function cannot be given one. */
export interface LabelFreeReward extends RewardDescription {
  labels: false;
  /** Throws RollscopeError `config` or `dataset` where options or columns do not suit it. */
  compute(group: Group, options: RewardOptions): Scores;
}

/** A reward made of labels, to measure the others against. */
export interface LabelledReward extends RewardDescription {
  labels: true;
  compute(group: LabelledGroup, options: RewardOptions): Scores;
}

export type Reward = LabelFreeReward | LabelledReward;
