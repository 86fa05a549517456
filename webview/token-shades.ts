/** How strongly each token of a response is shaded, and what the shades mean in numbers. Pure. */
import { quantityText } from '../engine/protocol/quantities.ts';
import { SHADES, shadeOf } from '../engine/protocol/shades.ts';
import { TOKEN_SHADINGS, type TokenShading } from '../engine/runs/panel-state.ts';

export const SHADING_TITLES: Readonly<Record<TokenShading, string>> = {
  surprise: 'surprise in this response',
  probability: 'probability',
  entropy: 'entropy',
};

/** Whether a text that was kept over a reload names a shading of this version. */
export function isShading(kept: string | undefined): kept is TokenShading {
  return TOKEN_SHADINGS.some((name) => name === kept);
}

/** Share of the tokens, the least surprising ones, that have no shade. */
const PLAIN = 0.5;

export interface TokenShades {
  /** From 0, one per token. */
  shades: number[];
  /** What the darkest shade means. */
  legend: string;
}

/**
 * By the rank of a token's surprise in its response, so that a confident model shows its surprises too; or by absolute
 * values, as in the editor. null where they are not known.
 */
export function tokenShades(
  { logprob, entropy }: { logprob: Float32Array | null; entropy: Float32Array | null },
  shading: TokenShading,
): TokenShades | null {
  if (shading === 'entropy') {
    if (!entropy) return null;
    const shades = Array.from(entropy, (value) => shadeOf('entropy', 0, value));
    return { shades, legend: 'stronger: more uncertain; strongest above 2.5 nats' };
  }
  if (!logprob) return null;
  if (shading === 'probability') {
    const shades = Array.from(logprob, (value) => shadeOf('probability', value, 0));
    return { shades, legend: 'stronger: less probable; strongest below 0.1' };
  }
  return byRank(logprob);
}

function byRank(logprob: Float32Array): TokenShades {
  const order = [...logprob.keys()].sort((a, b) => logprob[b]! - logprob[a]!);
  const shades = new Array<number>(logprob.length).fill(0);
  let place = 0;
  while (place < order.length) {
    // Equal probabilities have equal shades.
    let end = place;
    while (end < order.length && logprob[order[end]!] === logprob[order[place]!]) end++;
    const quantile = place / order.length;
    const shade =
      quantile < PLAIN ? 0 : Math.min(SHADES - 1, 1 + Math.floor(((quantile - PLAIN) / (1 - PLAIN)) * (SHADES - 1)));
    for (; place < end; place++) shades[order[place]!] = shade;
  }
  const at = (quantile: number) =>
    quantityText(
      'tokenProbability',
      Math.exp(logprob[order[Math.min(order.length - 1, Math.floor(quantile * order.length))]!] ?? 0),
    );
  return {
    shades,
    legend: `stronger: more surprising here; half of the tokens have a probability above ${at(PLAIN)}, one in ten below ${at(0.9)}`,
  };
}

/** Where the extracted answer stands in a response: its last occurrence; null where it is not written as it was extracted. */
export function answerSpan(text: string, answer: string | null): { start: number; end: number } | null {
  if (answer === null || answer === '') return null;
  const boxed = text.lastIndexOf(`{${answer}}`);
  const start = boxed >= 0 ? boxed + 1 : text.lastIndexOf(answer);
  return start < 0 ? null : { start, end: start + answer.length };
}
