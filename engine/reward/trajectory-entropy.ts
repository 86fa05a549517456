/** Trajectory-level entropy: the log-likelihood of what was drawn. */
import { CERTAINTY, meanOverTokens, terms } from './token-terms.ts';
import { labelFree } from './types.ts';

export const trajectoryEntropy = labelFree({
  ...CERTAINTY,
  name: 'trajectory-entropy',
  title: 'Trajectory-level entropy',
  summary: 'Log-likelihood of the response, mean over tokens. Needs only the rollouts.',
  scale: 'degree',
  formula: 'mean over tokens of log p(token), nats',
  normalization: 'mean over tokens',
  range: [Number.NEGATIVE_INFINITY, 0],
  source: 'EM-RL, arXiv 2505.15134',
  compute: meanOverTokens((r) => terms(r, (t) => r.logprob[t]!), 'log-probability'),
});
