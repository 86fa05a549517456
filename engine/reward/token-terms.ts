/**
 * Rewards made of how sure the model was of its own tokens.
 *
 * All read the statistics that were stored when the tokens were drawn, of the whole distribution also where top-p or top-k
 * cut it. The end-of-sequence token counts where the model wrote it; a truncated response has none. A response has at
 * least one token. Sums run in float64.
 */
import { plural, shortNumber } from '../protocol/format.ts';
import type { PolicyRollout } from '../protocol/records.ts';
import type { Group, Part, Scores, TokenPart } from './types.ts';

/** A number for each token of a response. */
type Terms = (rollout: PolicyRollout) => Float64Array;

/** Parts that the descriptions of rewards from token statistics have in common. */
export const CERTAINTY = {
  family: 'certainty',
  tokens: 'all of the response, the end token included',
  temperature: 'sampling temperature',
  shift: 'already applied: statistic t belongs to the distribution that token t was drawn from',
} as const;

/** A value per token of a rollout, float64 [tokens]. @param value of the token with this index */
export function terms(rollout: PolicyRollout, value: (t: number) => number): Float64Array {
  const values = new Float64Array(rollout.tokens.length);
  for (let t = 0; t < values.length; t++) values[t] = value(t);
  return values;
}

/** The sum in float64, from left to right, so that it is the same on every machine; 0 for no values. */
export function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Rewards that are means over tokens; `low` says which end of the terms is worth showing. */
export function meanOverTokens(of: Terms, name: string): (group: Group) => Scores {
  return ({ rollouts }) => {
    const valuesOf = rollouts.map(of);
    const rewards = valuesOf.map((values) => (values.length === 0 ? 0 : sum(values) / values.length));
    return {
      rewards,
      explain: (index) => {
        const rollout = rollouts[index]!;
        const values = valuesOf[index]!;
        const reward = rewards[index]!;
        return [
          tokensPart(rollout, values, `mean ${name} of ${plural(values.length, 'token')}`),
          { kind: 'result', reward, text: `reward ${shortNumber(reward)}` },
        ];
      },
    };
  };
}

/** The number of tokens that a part names. */
const SHOWN_TOKENS = 3;

/** A part over the tokens of a response from `from` on, with those of the smallest numbers. */
export function tokensPart(rollout: PolicyRollout, values: Float64Array, text: string, from = 0): Part {
  const extremes: TokenPart[] = smallest(values, SHOWN_TOKENS).map((t) => {
    return { index: from + t, text: rollout.tokenTexts[from + t] ?? '', value: values[t]! };
  });
  const named = extremes.map(
    ({ index, text: tokenText, value }) => `${JSON.stringify(tokenText)} (${index}) ${shortNumber(value)}`,
  );
  return {
    kind: 'tokens',
    from,
    to: from + values.length,
    extremes,
    text: named.length > 0 ? `${text}, lowest at ${named.join(', ')}` : text,
  };
}

/** Places of the `count` smallest values, the smallest first; of equal ones, the first. */
function smallest(values: Float64Array, count: number): number[] {
  const places: number[] = [];
  for (let t = 0; t < values.length; t++) {
    if (places.length === count && values[t]! >= values[places[count - 1]!]!) continue;
    let at = places.length;
    while (at > 0 && values[places[at - 1]!]! > values[t]!) at--;
    places.splice(at, 0, t);
    if (places.length > count) places.pop();
  }
  return places;
}
