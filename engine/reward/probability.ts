/**
 * Probability of the whole response. The sum of log-probabilities s is kept in log space: exp underflows in float32 below
 * about -103 nats (in float64 below -745), and a group of long responses would have nothing but zeros. Advantages are taken
 * of exp(s_i - max s), which keeps ranking and ratios.
 */
import { plural, shortNumber } from '../protocol/format.ts';
import { CERTAINTY, sum, terms, tokensPart } from './token-terms.ts';
import { labelFree } from './types.ts';

export const probability = labelFree({
  ...CERTAINTY,
  name: 'probability',
  title: 'Probability',
  summary: 'Probability of the whole response, which favors short ones. Needs only the rollouts.',
  scale: 'degree',
  formula: "product over tokens of p(token), in log space; advantages of exp(log r - the group's largest log r)",
  normalization: 'none: longer responses are less probable',
  range: [0, 1],
  source: 'RLSC, arXiv 2506.06395',
  compute: ({ rollouts }) => {
    const logs = rollouts.map((r) => sum(terms(r, (t) => r.logprob[t]!)));
    const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const rewards = logs.map(Math.exp);
    return {
      rewards,
      basis: logs.map((log) => Math.exp(log - largest)),
      explain: (index) => {
        const rollout = rollouts[index]!;
        const rank = logs.filter((log) => log > logs[index]!).length + 1;
        return [
          tokensPart(
            rollout,
            terms(rollout, (t) => rollout.logprob[t]!),
            `${plural(rollout.tokens.length, 'token')} with a log-probability of ${shortNumber(logs[index]!)}${rollout.tokens.length === 1 ? '' : ' together'}`,
          ),
          { kind: 'number', name: 'rank', value: rank, text: `rank ${rank} of ${logs.length} by probability` },
          {
            kind: 'result',
            reward: rewards[index]!,
            text: `reward exp(${shortNumber(logs[index]!)}) = ${shortNumber(rewards[index]!)}`,
          },
        ];
      },
    };
  },
});
