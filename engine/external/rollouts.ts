/** What the user's own reward reads and writes. */

/** One rollout as it is handed to the user's module or program: one JSON line each. */
export interface CustomRollout {
  problem: {
    id: string;
    /** The problem's own text. */
    prompt: string;
    /** The row of the data that it comes from. */
    columns: Record<string, unknown>;
    /** The reference answer, and all of them where there are several; only where the reward is given labels. */
    answer?: string | null;
    answers?: string[];
  };
  /** Number of the group (of rollouts of one problem) in this call, and of the rollout in it, from 0. */
  group: number;
  index: number;
  response: string;
  /** The extracted answer; null where there is none. */
  answer: string | null;
  /** Number of the answer's cluster in its group, the largest first; null without an answer. */
  cluster: number | null;
  /** `length`: cut off at the limit. */
  finish: 'stop' | 'length';
  /** Number of tokens. */
  tokens: number;
  /** Mean log-probability and entropy per token at the sampling temperature, nats; null without tokens. */
  logprob: number | null;
  entropy: number | null;
}
