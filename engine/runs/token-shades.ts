/**
 * How strongly each token of a response is shaded, and what the shades mean in numbers, for the panel and for
 * documents. Pure.
 */
import type { RolloutStatistics } from '../protocol/group.ts';
import { quantityText } from '../protocol/quantities.ts';
import { SHADE_BOUNDS, SHADES, shadeOf } from '../protocol/shades.ts';
import { valuesAt } from './order-statistics.ts';
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
const UNSHADED_SHARE = 0.5;
/** Makes one of seven tokens exactly a seventh. */
const ROUNDING = 1e-9;

/** The facts about a response that shadings use. */
export interface ShadeSubject
  extends Pick<RolloutStatistics, 'logprob' | 'entropy'>,
    Partial<Pick<RolloutStatistics, 'top1' | 'top2'>> {
  /** null or absent where the rollout was not trained on. */
  advantage?: number | null;
  /** The rollouts of its group, including itself, for shadings that are relative to the group. */
  group?: readonly { logprob: Float32Array | null; advantage: number | null }[];
  /** Log-probability of each token at step A, in nats; NaN if it was not recorded. */
  before?: Float32Array | null;
}

export interface TokenShades {
  /** From 0 to 7, one per token. */
  shades: Uint8Array;
  /**
   * Tokens that are shaded in the other direction (1), since they became more probable. Absent if there is only one
   * direction.
   */
  rose?: Uint8Array | 'all';
  /** The value at which each shade from 1 on begins. */
  bounds: string[];
  /** The meaning of the strongest shade. */
  legend: string;
}

/**
 * The shades of a response's tokens; null if the values of the shading are unknown.
 * By rank: `surprise` among the tokens of the response, `group` among those of all responses of its group, so that a
 * confident model shows its surprises too. By absolute values: `probability`, `entropy` (nats), `margin` (largest minus
 * second largest probability), `change` (of the log-probability, nats). `advantage` is relative to the largest in the
 * group.
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
        'stronger: smaller margin between the two most likely tokens; strongest below 0.1',
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
      return byRank(logprob, subject.group?.flatMap((item) => item.logprob ?? []) ?? [], 'in the group');
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
  if (shading === 'change') return 'no rollout at A has the same beginning';
  return 'not recorded';
}

function absolute(
  values: Float32Array,
  shade: (value: number) => number,
  bounds: readonly number[],
  legend: string,
): TokenShades {
  return { shades: shadesBy(values, shade), bounds: bounds.map(String), legend };
}

function shadesBy(values: Float32Array, shade: (value: number, t: number) => number): Uint8Array {
  const shades = new Uint8Array(values.length);
  for (let t = 0; t < values.length; t++) shades[t] = shade(values[t]!, t);
  return shades;
}

/** The quantile at which a shade from 1 on begins. */
const quantileOf = (shade: number) => UNSHADED_SHARE + ((1 - UNSHADED_SHARE) * (shade - 1)) / (SHADES - 1);

/** Tokens by the rank of their probability: where each shade begins, as a number and in words. */
interface Ranks {
  /** Log-probabilities below which the shades from 1 on begin, descending. */
  below: number[];
  bounds: string[];
  /** Log-probabilities above which are half of the tokens, and nine of ten. */
  half: number;
  tenth: number;
}

const RANKS = { response: new WeakMap<Float32Array, KnownRanks>(), group: new WeakMap<Float32Array, KnownRanks>() };

interface KnownRanks {
  among: readonly Float32Array[];
  ranks: Ranks;
}

/** Computed once per group, however many of its rollouts are shown. */
function ranksOf(among: readonly Float32Array[]): Ranks {
  const all = among.length === 1 ? RANKS.response : RANKS.group;
  const [first] = among;
  const known = first && all.get(first);
  if (known?.among.length === among.length && known.among.every((item, i) => item === among[i])) return known.ranks;
  const ranks = newRanks(among);
  if (first) all.set(first, { among, ranks });
  return ranks;
}

function newRanks(among: readonly Float32Array[]): Ranks {
  const length = among.reduce((sum, item) => sum + item.length, 0);
  if (length === 0) return { below: [], bounds: [], half: 0, tenth: 0 };
  const quantiles = Array.from({ length: SHADES - 1 }, (_, i) => quantileOf(i + 1));
  // Ranks count from the most probable token, as in the texts; a shade begins below the last rank that its share
  // exceeds.
  const places = [...quantiles, UNSHADED_SHARE, 0.9].map((quantile) =>
    Math.min(length - 1, Math.floor(quantile * length)),
  );
  const begins = quantiles.map((quantile) => Math.max(0, Math.ceil(quantile * length - ROUNDING) - 1));
  const values = valuesAt(
    among,
    [...places, ...begins].map((place) => length - 1 - place),
  );
  return {
    bounds: values.slice(0, quantiles.length).map((value) => probabilityText(Math.exp(value))),
    half: values[quantiles.length]!,
    tenth: values[quantiles.length + 1]!,
    below: values.slice(places.length),
  };
}

function byRank(logprob: Float32Array | null, among: readonly Float32Array[], where: string): TokenShades | null {
  if (!logprob) return null;
  const { below, bounds, half, tenth } = ranksOf(among);
  const text = (value: number) => probabilityText(Math.exp(value));
  return {
    // Equal probabilities have equal shades.
    shades: shadesBy(logprob, (value) => {
      let shade = 0;
      while (shade < below.length && value < below[shade]!) shade++;
      return shade;
    }),
    bounds,
    legend: `stronger: more surprising ${where}; half of the tokens have a probability above ${text(half)}, one in ten below ${text(tenth)}`,
  };
}

/** A confident model's tokens differ after the second digit. */
function probabilityText(probability: number): string {
  return quantityText(probability > 0.99 ? 'nearCertainty' : 'tokenProbability', probability);
}

/** The gradient of a token's own logit is its advantage times (1 - its probability). */
function byAdvantage({ logprob, advantage = null, group = [] }: ShadeSubject): TokenShades | null {
  if (!logprob || advantage === null) return null;
  let largest = largestPush(logprob, advantage);
  for (const one of group) {
    if (one.logprob && one.advantage !== null) largest = Math.max(largest, largestPush(one.logprob, one.advantage));
  }
  const push = (value: number) => Math.abs(advantage) * (1 - Math.exp(value));
  const shades = shadesBy(logprob, (value) =>
    largest === 0 ? 0 : Math.min(SHADES - 1, Math.floor((push(value) / largest) * SHADES)),
  );
  const direction = advantage > 0 ? 'made more probable' : advantage < 0 ? 'made less probable' : 'left as it is';
  return {
    shades,
    ...(advantage > 0 && { rose: 'all' as const }),
    bounds: Array.from({ length: SHADES - 1 }, (_, i) => quantityText('advantage', ((i + 1) / SHADES) * largest)),
    legend: `advantage ${quantityText('advantage', advantage)}: each token is ${direction}; stronger: by a larger gradient`,
  };
}

const MIN_LOGPROBS = new WeakMap<Float32Array, number>();

/** The gradient of the least probable token. */
function largestPush(logprob: Float32Array, advantage: number): number {
  let least = MIN_LOGPROBS.get(logprob);
  if (least === undefined) {
    least = 0;
    for (let t = 0; t < logprob.length; t++) if (logprob[t]! < least) least = logprob[t]!;
    MIN_LOGPROBS.set(logprob, least);
  }
  return Math.abs(advantage) * (1 - Math.exp(least));
}

function byChange({ logprob, before }: ShadeSubject): TokenShades | null {
  if (!logprob || !before) return null;
  const rose = new Uint8Array(logprob.length);
  let known = 0;
  const shades = shadesBy(logprob, (value, t) => {
    if (Number.isNaN(before[t]!)) return 0;
    known++;
    const change = value - before[t]!;
    if (change > 0) rose[t] = 1;
    return shadeOf('entropy', 0, Math.abs(change));
  });
  if (known === 0) return null;
  return {
    shades,
    rose,
    bounds: SHADE_BOUNDS.entropy.map(String),
    legend: `change of the log-probability since A, nats; known for the first ${known} tokens, which a rollout at A has in common`,
  };
}

/** Whether a token is shaded in the other direction. */
export function hasRisen({ rose }: TokenShades, t: number): boolean {
  return rose === 'all' || rose?.[t] === 1;
}

/**
 * The position of the extracted answer in a response: its last occurrence; null if it is not written as it was
 * extracted.
 */
export function answerSpan(text: string, answer: string | null): { start: number; end: number } | null {
  if (answer === null || answer === '') return null;
  const boxed = text.lastIndexOf(`{${answer}}`);
  const start = boxed >= 0 ? boxed + 1 : text.lastIndexOf(answer);
  return start < 0 ? null : { start, end: start + answer.length };
}
