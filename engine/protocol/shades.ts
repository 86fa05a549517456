/**
 * How strongly a token is shaded, in the editor and in the panel: from 0 (almost certain) to 7 (very unlikely). Pure.
 */
export const SHADINGS = ['surprise', 'probability', 'entropy'] as const;
export type Shading = (typeof SHADINGS)[number];

export const SHADES = 8;

/** Lower bounds of the probability, and upper bounds of the entropy (nats), for shades 0 to 6. */
export const SHADE_BOUNDS = {
  probability: [0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1],
  entropy: [0.05, 0.2, 0.4, 0.7, 1, 1.5, 2.5],
} as const;

/** The shade of a token from its log-probability (nats) or from the entropy (nats) of the distribution it came from. */
export function shadeOf(shading: Exclude<Shading, 'surprise'>, logprob: number, entropy: number): number {
  let shade = 0;
  if (shading === 'probability') {
    const probability = Math.exp(logprob);
    while (shade < SHADES - 1 && !(probability >= SHADE_BOUNDS.probability[shade]!)) shade++;
  } else {
    while (shade < SHADES - 1 && !(entropy <= SHADE_BOUNDS.entropy[shade]!)) shade++;
  }
  return shade;
}

/** Id of the theme color of a shade from 1 on; shade 0 has the background of the editor. */
export function shadeColor(shade: number): string {
  return `rollscope.token${shade}`;
}
