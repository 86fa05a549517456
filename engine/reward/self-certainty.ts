/** Self-certainty: logits z are tempered; 0 for uniform distributions. */
import { RollscopeError } from '../protocol/errors.ts';
import { CERTAINTY, meanOverTokens, terms } from './token-terms.ts';
import { labelFree } from './types.ts';

export const selfCertainty = labelFree({
  ...CERTAINTY,
  name: 'self-certainty',
  title: 'Self-certainty',
  summary: 'KL divergence of the next-token distributions from uniform, mean over tokens. Needs only the rollouts.',
  scale: 'degree',
  formula: 'mean over tokens of KL(U || p), which is logsumexp(z) - mean(z) - log V, nats',
  normalization: 'mean over tokens',
  range: [0, Number.POSITIVE_INFINITY],
  source: 'Intuitor (RLIF), arXiv 2505.19590',
  compute: (group) => {
    const { vocabulary } = group;
    if (vocabulary === null) {
      throw new RollscopeError(
        'config',
        'Self-certainty needs the vocabulary size, which this run did not record (it was imported, or made by an older Rollscope).',
        'Run it again, or choose another reward.',
        { details: { reason: 'vocabulary-not-recorded' } },
      );
    }
    const logV = Math.log(vocabulary);
    return meanOverTokens((r) => terms(r, (t) => r.logsumexp[t]! - r.meanLogit[t]! - logV), 'KL(U || p)')(group);
  },
});
