/** The models and problems that ship with Rollscope, under the names that a configuration uses. Without zod. */

/** Names the default model that ships, and the problems that ship. */
export const EMBEDDED = 'embedded';

/** Whether a model ships with the program: `embedded`, or another of its size, `embedded:<name>`. */
export function isEmbedded(model: string): boolean {
  return model === EMBEDDED || model.startsWith(`${EMBEDDED}:`);
}

/** A short description of each model for a quick pick; `docs/embedded-model.md` has the details. */
export const EMBEDDED_MODELS: Readonly<Record<string, string>> = {
  [EMBEDDED]: 'tiny, comes with Rollscope',
  'embedded:S2000': 'the same, pre-trained half as long',
  'embedded:S1000': 'the same, pre-trained a quarter as long',
  'embedded:W': 'weaker: twice the errors',
  'embedded:P2000': 'weaker, pre-trained half as long',
  'embedded:P1000': 'weaker, pre-trained a quarter as long',
  'embedded:P500': 'weaker, pre-trained an eighth as long',
  'embedded:countdown': 'solves and judges Countdown problems',
  'embedded:dual': 'solves chains, and reconstructs their terms',
};

/** Questions in addition to the problem itself, in the signs that embedded models were pre-trained on (`engine/experiments`). */
export const EMBEDDED_QUESTIONS = {
  /** Countdown: the problem, a response, and a sign after which the model judges; the judgment is 1 or 0. */
  judge: '{{problem}}{{solution}}=',
  /** Chains: `3+.+4=16:` asks which number the dot replaces. */
  dual: '{{masked}}{{answer}}:',
  mask: '.',
} as const;
