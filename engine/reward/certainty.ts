/**
 * Rewards made of how sure the model was of its own tokens.
 *
 * All read the statistics that were stored when the tokens were drawn. Index t of a statistic belongs to the
 * distribution that token t was drawn from, so no shift is left to do. Temperature: that of sampling, of the whole
 * distribution (also where top-p or top-k cut it). Tokens: all of the response, the end-of-sequence token included
 * where the model wrote it; a truncated response has none. A response has at least one token. Sums run in float64.
 */
import { RollscopeError } from '../protocol/errors.ts';
import type { StoredRollout } from '../protocol/records.ts';
import { answerTokens } from './answer-tokens.ts';
import { shortNumber } from './text.ts';
import type { Group, LabelFreeReward, Part, Scores, TokenPart } from './types.ts';

/** A number for each token of a response. */
type Terms = (rollout: StoredRollout) => Float64Array;

const COMMON = {
  family: 'certainty',
  labels: false,
  tokens: 'all of the response, the end token included',
  temperature: 'that of sampling',
  shift: 'none left: statistic t belongs to the distribution that token t was drawn from',
} as const;

function terms(rollout: StoredRollout, value: (t: number) => number): Float64Array {
  return Float64Array.from({ length: rollout.tokens.length }, (_, t) => value(t));
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Rewards that are means over tokens; `low` says which end of the terms is worth showing. */
function meanOverTokens(of: Terms, name: string): (group: Group) => Scores {
  return ({ rollouts }) => {
    const rewards = rollouts.map((rollout) => {
      const values = of(rollout);
      return values.length === 0 ? 0 : sum(values) / values.length;
    });
    return {
      rewards,
      explain: (index) => {
        const rollout = rollouts[index]!;
        const values = of(rollout);
        const reward = rewards[index]!;
        return [
          tokensPart(rollout, values, `mean ${name} of ${values.length} ${values.length === 1 ? 'token' : 'tokens'}`),
          { kind: 'result', reward, text: `reward ${shortNumber(reward)}` },
        ];
      },
    };
  };
}

/** How many tokens a part names. */
const SHOWN = 3;

/** A part over the tokens of a response from `from` on, with those of the smallest numbers. */
function tokensPart(rollout: StoredRollout, values: Float64Array, text: string, from = 0): Part {
  const extremes: TokenPart[] = [...values]
    .map((value, t) => ({ index: from + t, text: rollout.pieces[from + t] ?? '', value }))
    .sort((a, b) => a.value - b.value || a.index - b.index)
    .slice(0, SHOWN);
  const named = extremes.map(
    ({ index, text: piece, value }) => `${JSON.stringify(piece)} (${index}) ${shortNumber(value)}`,
  );
  return {
    kind: 'tokens',
    from,
    to: from + values.length,
    extremes,
    text: named.length > 0 ? `${text}, least at ${named.join(', ')}` : text,
  };
}

/**
 * Self-certainty.
 *
 * Formula: r = mean_t [logsumexp(z_t) - mean_v z_t] - log V = mean_t KL(U || p_t), nats; z are tempered logits.
 * Range: [0, inf): 0 for uniform distributions. Source: Intuitor / RLIF (arXiv 2505.19590).
 */
export const selfCertainty: LabelFreeReward = {
  ...COMMON,
  name: 'self-certainty',
  title: 'Self-certainty',
  formula: 'mean over tokens of KL(U || p), which is logsumexp(z) - mean(z) - log V, nats',
  normalisation: 'mean over tokens',
  range: [0, Number.POSITIVE_INFINITY],
  source: 'Intuitor (RLIF), arXiv 2505.19590',
  compute: (group) => {
    const { vocabulary } = group;
    if (vocabulary === null) {
      throw new RollscopeError(
        'config',
        'Self-certainty needs the size of the vocabulary, which this run does not tell: it was made by an older Rollscope.',
        'Make the run again, or choose another reward.',
      );
    }
    const logV = Math.log(vocabulary);
    return meanOverTokens((r) => terms(r, (t) => r.logsumexp[t]! - r.meanLogit[t]! - logV), 'KL(U || p)')(group);
  },
};

/**
 * Token-level entropy.
 *
 * Formula: r = -mean_t H(p_t), nats. Range: [-log V, 0]. Source: EM-RL (arXiv 2505.15134), RENT (arXiv 2505.22660).
 */
export const tokenEntropy: LabelFreeReward = {
  ...COMMON,
  name: 'token-entropy',
  title: 'Token-level entropy',
  formula: 'minus the mean over tokens of the entropy H(p), nats',
  normalisation: 'mean over tokens',
  range: [Number.NEGATIVE_INFINITY, 0],
  source: 'EM-RL, arXiv 2505.15134; RENT, arXiv 2505.22660',
  compute: meanOverTokens((r) => terms(r, (t) => -r.entropy[t]!), 'negative entropy'),
};

/**
 * Trajectory-level entropy.
 *
 * Formula: r = mean_t log p_t(y_t), nats. Range: (-inf, 0]. Source: EM-RL (arXiv 2505.15134).
 */
export const trajectoryEntropy: LabelFreeReward = {
  ...COMMON,
  name: 'trajectory-entropy',
  title: 'Trajectory-level entropy',
  formula: 'mean over tokens of log p(token), nats',
  normalisation: 'mean over tokens',
  range: [Number.NEGATIVE_INFINITY, 0],
  source: 'EM-RL, arXiv 2505.15134',
  compute: meanOverTokens((r) => terms(r, (t) => r.logprob[t]!), 'log-probability'),
};

/**
 * Probability of the whole response.
 *
 * Formula: r = exp(sum_t log p_t(y_t)). The sum is kept in log space: exp underflows in float32 below about -103 nats
 * (in float64 below -745), and a group of long responses would have nothing but zeros. Advantages are taken of
 * exp(s_i - max s), which keeps ranking and ratios. Range: [0, 1]. Source: RLSC (arXiv 2506.06395).
 */
export const probability: LabelFreeReward = {
  ...COMMON,
  name: 'probability',
  title: 'Probability',
  formula: 'product over tokens of p(token), in log space; advantages of exp(log r - the group’s largest log r)',
  normalisation: 'none: longer responses are less probable',
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
            `${rollout.tokens.length} tokens with a log-probability of ${shortNumber(logs[index]!)} together`,
          ),
          { kind: 'number', name: 'rank', value: rank, text: `number ${rank} of ${logs.length} by probability` },
          {
            kind: 'result',
            reward: rewards[index]!,
            text: `reward exp(${shortNumber(logs[index]!)}) = ${shortNumber(rewards[index]!)}`,
          },
        ];
      },
    };
  },
};

/**
 * Probability disparity.
 *
 * Formula: r = mean over the answer's tokens of (largest - second largest probability). Tokens: those whose text
 * overlaps the extracted answer; no answer gives 0. Range: [0, 1]. Source: RLSF (arXiv 2507.21931).
 */
export const probabilityDisparity: LabelFreeReward = {
  ...COMMON,
  name: 'probability-disparity',
  title: 'Probability disparity',
  formula: "mean over the answer's tokens of the largest minus the second largest probability; no answer gives 0",
  tokens: 'those of the extracted answer',
  normalisation: 'mean over the answer’s tokens',
  range: [0, 1],
  source: 'RLSF, arXiv 2507.21931',
  compute: ({ rollouts, answers }) => {
    const spans = rollouts.map((rollout, i) => (answers[i] === null ? null : answerTokens(rollout)));
    const values = rollouts.map((r, i) => {
      const span = spans[i];
      return span ? terms(r, (t) => r.top1[t]! - r.top2[t]!).slice(span.start, span.end) : null;
    });
    const rewards = values.map((of) => (of === null || of.length === 0 ? 0 : sum(of) / of.length));
    return {
      rewards,
      explain: (index) => {
        const of = values[index];
        const reward = rewards[index]!;
        const result: Part = { kind: 'result', reward, text: `reward ${shortNumber(reward)}` };
        if (!of || of.length === 0)
          return [{ kind: 'no-answer', text: 'no answer was found, so it earns nothing' }, result];
        const tokens = of.length === 1 ? 'the answer’s token' : `the answer’s ${of.length} tokens`;
        return [
          tokensPart(rollouts[index]!, of, `mean lead of the likeliest over ${tokens}`, spans[index]!.start),
          result,
        ];
      },
    };
  },
};
