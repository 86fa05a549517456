/** How strongly each token of a response is shaded, and what the shades mean in numbers: in the panel and in documents. Pure. */
import type { RolloutStatistics } from '../protocol/group.ts';
import { quantityText } from '../protocol/quantities.ts';
import { SHADE_BOUNDS, SHADES, shadeOf } from '../protocol/shades.ts';
import { TOKEN_SHADINGS, type TokenShading } from './panel-state.ts';

export const SHADING_TITLES: Readonly<Record<TokenShading, string>> = {
  surprise: 'surprise in this response',
  group: 'surprise in the group',
  probability: 'probability',
  entropy: 'entropy',
  margin: 'top-1 minus top-2',
  advantage: 'advantage × (1 − probability)',
  change: 'change since A',
};

/** Whether a stored text names a shading that this version knows. */
export function isShading(kept: string | undefined): kept is TokenShading {
  return TOKEN_SHADINGS.some((name) => name === kept);
}

/** Share of the tokens, the least surprising ones, that have no shade. */
const PLAIN = 0.5;

/** What is known of a response that is shaded. */
export interface ShadeSubject
  extends Pick<RolloutStatistics, 'logprob' | 'entropy'>,
    Partial<Pick<RolloutStatistics, 'top1' | 'top2'>> {
  /** null or absent where the rollout was not trained on. */
  advantage?: number | null;
  /** The rollouts of its group, itself included: for what is relative to the group. */
  group?: readonly { logprob: Float32Array | null; advantage: number | null }[];
  /** Log-probability of each token at step A, nats; NaN where it was not recorded. */
  before?: Float32Array | null;
}

export interface TokenShades {
  /** From 0 to 7, one per token. */
  shades: number[];
  /** Tokens that are shaded the other way: more probable than at A. Absent where there is one way only. */
  rose?: boolean[];
  /** Value at which each shade from 1 on begins. */
  bounds: string[];
  /** What the strongest shade means. */
  legend: string;
}

/**
 * The shades of a response's tokens; null where what they say is not known.
 *
 * By rank: `surprise` among the tokens of the response, `group` among those of all its group's responses, so that a
 * confident model shows its surprises too. By absolute values: `probability`, `entropy` (nats), `margin` (largest minus
 * second largest probability), `change` (of the log-probability, nats). `advantage` is relative to the largest in the group.
 */
export function tokenShades(subject: ShadeSubject, shading: TokenShading): TokenShades | null {
  const { logprob, entropy, top1 = null, top2 = null } = subject;
  switch (shading) {
    case 'entropy':
      return entropy && absolute(entropy, (value) => shadeOf('entropy', 0, value), SHADE_BOUNDS.entropy, ENTROPY);
    case 'margin':
      if (!top1 || !top2) return null;
      return absolute(
        top1.map((value, t) => value - top2[t]!),
        (value) => shadeOf('probability', Math.log(Math.max(value, 1e-9)), 0),
        SHADE_BOUNDS.probability,
        'stronger: closer between the two likeliest tokens; strongest below 0.1',
      );
    case 'probability':
      return (
        logprob && absolute(logprob, (value) => shadeOf('probability', value, 0), SHADE_BOUNDS.probability, PROBABILITY)
      );
    case 'advantage':
      return byAdvantage(subject);
    case 'change':
      return byChange(subject);
    case 'group':
      return byRank(logprob, subject.group?.flatMap((one) => one.logprob ?? []) ?? [], 'in the group');
    case 'surprise':
      return byRank(logprob, logprob ? [logprob] : [], 'here');
  }
}

const PROBABILITY = 'stronger: less probable; strongest below 0.1';
const ENTROPY = 'stronger: more uncertain; strongest above 2.5 nats';

/** Why a shading shows nothing. */
export function unshaded(shading: TokenShading, { logprob, advantage }: ShadeSubject): string {
  if (!logprob) return 'token probabilities were not recorded';
  if (shading === 'advantage' && (advantage ?? null) === null) return 'this rollout was not used for training';
  if (shading === 'change') return 'no rollout at A begins like this one';
  return 'not recorded';
}

function absolute(
  values: Float32Array,
  shade: (value: number) => number,
  bounds: readonly number[],
  legend: string,
): TokenShades {
  return { shades: Array.from(values, shade), bounds: bounds.map(String), legend };
}

/** Quantile at which a shade from 1 on begins. */
const quantileOf = (shade: number) => PLAIN + ((1 - PLAIN) * (shade - 1)) / (SHADES - 1);

function byRank(logprob: Float32Array | null, among: readonly Float32Array[], where: string): TokenShades | null {
  if (!logprob) return null;
  const sorted = new Float32Array(among.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const values of among) {
    sorted.set(values, filled);
    filled += values.length;
  }
  // The most probable first.
  sorted.sort().reverse();
  const { length } = sorted;
  const at = (quantile: number) => sorted[Math.min(length - 1, Math.floor(quantile * length))] ?? 0;
  const text = (quantile: number) => probabilityText(Math.exp(at(quantile)));
  const shades = Array.from(logprob, (value) => {
    // Equal probabilities have equal shades.
    const quantile = placeOf(sorted, value) / length;
    return quantile < PLAIN
      ? 0
      : Math.min(SHADES - 1, 1 + Math.floor(((quantile - PLAIN) / (1 - PLAIN)) * (SHADES - 1)));
  });
  return {
    shades,
    bounds: Array.from({ length: SHADES - 1 }, (_, i) => text(quantileOf(i + 1))),
    legend: `stronger: more surprising ${where}; half of the tokens have a probability above ${text(PLAIN)}, one in ten below ${text(0.9)}`,
  };
}

/** A confident model's tokens differ after the second digit. */
function probabilityText(probability: number): string {
  return quantityText(probability > 0.99 ? 'nearCertainty' : 'tokenProbability', probability);
}

/** Index of the first value that is not larger, in a descending order. */
function placeOf(descending: Float32Array, value: number): number {
  let [low, high] = [0, descending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (descending[middle]! > value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The gradient of a token's own logit is its advantage times what is left to its probability. */
function byAdvantage({ logprob, advantage = null, group = [] }: ShadeSubject): TokenShades | null {
  if (!logprob || advantage === null) return null;
  const push = (value: number, by: number) => Math.abs(by) * (1 - Math.exp(value));
  let largest = 0;
  for (const one of [...group, { logprob, advantage }]) {
    if (!one.logprob || one.advantage === null) continue;
    for (const value of one.logprob) largest = Math.max(largest, push(value, one.advantage));
  }
  const shades = Array.from(logprob, (value) =>
    largest === 0 ? 0 : Math.min(SHADES - 1, Math.floor((push(value, advantage) / largest) * SHADES)),
  );
  const direction = advantage > 0 ? 'made more probable' : advantage < 0 ? 'made less probable' : 'left as it is';
  return {
    shades,
    ...(advantage > 0 && { rose: shades.map(() => true) }),
    bounds: Array.from({ length: SHADES - 1 }, (_, i) => quantityText('advantage', ((i + 1) / SHADES) * largest)),
    legend: `advantage ${quantityText('advantage', advantage)}: each token is ${direction}; stronger: by a larger gradient`,
  };
}

function byChange({ logprob, before }: ShadeSubject): TokenShades | null {
  if (!logprob || !before?.some((value) => !Number.isNaN(value))) return null;
  const change = (t: number) => (Number.isNaN(before[t]!) ? 0 : logprob[t]! - before[t]!);
  const known = before.reduce((count, value) => count + Number(!Number.isNaN(value)), 0);
  return {
    shades: Array.from(logprob, (_, t) => shadeOf('entropy', 0, Math.abs(change(t)))),
    rose: Array.from(logprob, (_, t) => change(t) > 0),
    bounds: SHADE_BOUNDS.entropy.map(String),
    legend: `change of the log-probability since A, nats; recorded for the first ${known} tokens, which a rollout at A begins with too`,
  };
}

/** Where the extracted answer is in a response: its last occurrence; null where it is not written as it was extracted. */
export function answerSpan(text: string, answer: string | null): { start: number; end: number } | null {
  if (answer === null || answer === '') return null;
  const boxed = text.lastIndexOf(`{${answer}}`);
  const start = boxed >= 0 ? boxed + 1 : text.lastIndexOf(answer);
  return start < 0 ? null : { start, end: start + answer.length };
}
