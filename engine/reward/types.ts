/** The input of a reward, its output, and its explanation. */
import type { Grader } from '../grading/index.ts';
import type { Evidence } from '../protocol/evidence.ts';
import type { Part } from '../protocol/explanation.ts';
import type { Cluster } from '../protocol/group.ts';
import type { Problem } from '../protocol/problem.ts';
import type { PolicyRollout } from '../protocol/records.ts';
import type { Fields, SettingSection, ValuesOf } from '../protocol/settings/kit.ts';
import type { EvidenceSource } from './evidence.ts';

export { type Part, printParts, type TokenPart } from '../protocol/explanation.ts';

/** A cluster without the word on whether it is right. */
type UnlabeledCluster = Pick<Cluster, 'answer' | 'members'>;

/** The rollouts of one problem, without anything that comes from a label. */
export interface Group {
  /** The problem's own text, and the columns of its row that the reward requested. */
  problem: Pick<Problem, 'text' | 'columns'>;
  /** Texts with their tokens' statistics. */
  rollouts: readonly PolicyRollout[];
  /** Extracted answers by rollout; null if there is none. */
  answers: readonly (string | null)[];
  /** Of equivalent answers, the largest first; of equally large ones, the first to reach its size. */
  clusters: readonly UnlabeledCluster[];
  /** Size of the vocabulary; null if unknown (runs of older versions). */
  vocabulary: number | null;
  /** Evidence for the rewards that need more than the rollouts, by name. */
  evidence: Evidence;
  /** Finds and compares the answers of this problem. */
  grader: Grader;
}

/** A group with the correctness of each rollout; null if there is no reference. */
export interface LabeledGroup extends Group {
  correct: readonly (boolean | null)[];
}

export interface Scores {
  /** One reward per rollout. */
  rewards: number[];
  /**
   * Numbers that advantages are taken of, where they are not the rewards themselves: the same ranking and the same
   * ratios within the group, free of underflow.
   */
  basis?: number[];
  /** Values of the rewards that it is made of, by name, one per rollout; absent where it is made of one. */
  components?: Record<string, readonly number[]>;
  /** The reason why the group is left out of training. */
  skip?: string;
  /** The parts of one rollout's reward, in the order in which they lead to it. */
  explain(index: number): Part[];
}

/**
 * What every reward says about itself, in its own file. From it come the list of names, `--reward` and its options, the
 * choices of the editor, and docs/rewards.md.
 */
interface RewardDescription<Name extends string, F extends Fields, E> {
  name: Name;
  title: string;
  /**
   * Where it comes from, as lists group rewards. `certainty`: the policy's probabilities of a rollout's own tokens;
   * `ensemble`: a comparison of rollouts or policies; `external`: data, programs or labels.
   */
  family: 'certainty' | 'ensemble' | 'external';
  /** One or two sentences for a choice: what is rewarded, and what it takes. */
  summary: string;
  /**
   * `correctness`: a reward near 1 claims that the answer is correct, so the reward itself can be right or wrong;
   * `degree`: it measures something else, such as a confidence.
   */
  scale: 'correctness' | 'degree';
  formula: string;
  /** Which tokens it reads, and whether the end-of-sequence token counts. */
  tokens: string;
  /** Temperature of the distribution it reads. */
  temperature: string;
  /** Alignment of logits with tokens. */
  shift: string;
  normalization: string;
  /** Smallest and largest value. */
  range: readonly [number, number];
  /** The paper or code that it comes from. */
  source: string;
  /** What the user must configure, as one sentence; absent for nothing. */
  setup?: string;
  /** Its options, under `rewardOptions.<name in camel case>` of a configuration. */
  options?: SettingSection<F, 'plain'>;
  /** Columns of the data that it reads in addition to the problem: required and optional ones. `*`: all. */
  columns?(options: ValuesOf<F>): { required?: string[]; optional?: string[] };
  /** Its questions are put by the template of the data, so the columns that the template names are kept too. */
  throughTemplate?: true;
  /** Throws RollscopeError `config` where the options lack what it must be told. */
  check?(options: ValuesOf<F>): void;
  /**
   * Policies that it samples in addition to the one being trained (`base`, adapter folders, checkpoints or models): those
   * that its option `policies` names.
   */
  policies?(options: ValuesOf<F>): readonly string[];
  /** What it needs beyond the problem's rollouts, and how that is gathered. */
  evidence?: EvidenceSource<E, ValuesOf<F>>;
  /** Whether it runs programs, which only trusted workspaces may do. */
  executes?: true;
}

/** A reward that sees no label: its function cannot be given one. */
export interface LabelFreeReward<Name extends string = string, F extends Fields = Fields, E = unknown>
  extends RewardDescription<Name, F, E> {
  labels: false;
  /** Whether a program outside is given labels for it: its function sees none, but what the program said may rest on them. */
  readsLabels?(options: ValuesOf<F>): boolean;
  /**
   * `evidence` returns what was gathered for it, and throws where the rollouts were sampled for another reward.
   * Throws RollscopeError `config` or `dataset` where options or columns do not suit it.
   */
  compute(group: Group, options: ValuesOf<F>, evidence: () => E): Scores;
}

/** A reward made of labels, to measure the others against. */
export interface LabeledReward<Name extends string = string, F extends Fields = Fields>
  extends RewardDescription<Name, F, never> {
  labels: true;
  compute(group: LabeledGroup, options: ValuesOf<F>): Scores;
}

export type Reward = LabelFreeReward | LabeledReward;

/** Declares a label-free reward, so that its function and its options agree. */
export function labelFree<const Name extends string, const F extends Fields = Record<never, never>, E = never>(
  reward: Omit<LabelFreeReward<Name, F, E>, 'labels'>,
): LabelFreeReward<Name, F, E> {
  return { ...reward, labels: false };
}

/** Declares a reward that reads labels. */
export function labeled<const Name extends string, const F extends Fields = Record<never, never>>(
  reward: Omit<LabeledReward<Name, F>, 'labels'>,
): LabeledReward<Name, F> {
  return { ...reward, labels: true };
}
