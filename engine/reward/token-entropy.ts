/** Token-level entropy, negated: the surer of its tokens, the more. The least is -log V. */
import { CERTAINTY, meanOverTokens, terms } from './token-terms.ts';
import { labelFree } from './types.ts';

export const tokenEntropy = labelFree({
  ...CERTAINTY,
  name: 'token-entropy',
  title: 'Token-level entropy',
  summary: 'Negative entropy of the next-token distributions, mean over tokens. Needs only the rollouts.',
  scale: 'degree',
  formula: 'minus the mean over tokens of the entropy H(p), nats',
  normalization: 'mean over tokens',
  range: [Number.NEGATIVE_INFINITY, 0],
  source: 'EM-RL, arXiv 2505.15134; RENT, arXiv 2505.22660',
  compute: meanOverTokens((r) => terms(r, (t) => -r.entropy[t]!), 'negative entropy'),
});
