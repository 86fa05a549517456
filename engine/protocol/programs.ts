/** The input and output of external programs that rewards use: the data's tests, Lean, the user's own reward. */

/** The result of an external program for one rollout. */
export interface Check {
  /** 1 for accepted, 0 for refused, in between for a share of tests; the user's own program may return any number. */
  score: number;
  /** One sentence for people: which test failed, what the compiler reported. */
  detail: string;
}

export interface ProgramTestOptions {
  language: 'python' | 'javascript';
  /** The limits of one program: time, memory, output. */
  seconds: number;
  megabytes: number;
  outputKilobytes: number;
}

export interface ProgramItem {
  response: string;
  /** One test or several, each some code that throws when the program is wrong. */
  tests: string | readonly string[];
}

export interface LeanOptions {
  /** Imports at the head of every file. */
  header: string;
  /** Time for one proof. */
  seconds: number;
}

export interface LeanItem {
  response: string;
  /** The statement to prove, up to `:=`; it contains a name that `#print axioms` can refer to. */
  statement?: string;
}

export interface CustomOptions {
  /** A module, or the program and its arguments. */
  command: readonly string[];
  /** Time for the rollouts of one step. */
  seconds: number;
  /** Give it the reference answers too. */
  labels: boolean;
}

/** One rollout for the user's module or program, as one line of JSON. */
export interface CustomRollout {
  problem: {
    id: string;
    /** The problem's own text. */
    prompt: string;
    /** The row of the data that the problem comes from. */
    columns: Record<string, unknown>;
    /** The reference answer, and all of them if there are several; only if the reward is given labels. */
    answer?: string | null;
    answers?: string[];
  };
  /** Number of the group (of rollouts of one problem) in this call, and of the rollout in it, from 0. */
  group: number;
  index: number;
  response: string;
  /** The extracted answer; null if there is none. */
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
