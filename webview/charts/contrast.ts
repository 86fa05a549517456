/** Colors with a contrast that can be relied on, in any theme: WCAG's contrast ratio, and ramps made by it. Pure. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** The least contrast at which a shape can be distinguished from its surroundings (WCAG 1.4.11). */
export const MIN_CONTRAST = 3;
/** The strong end of a ramp. */
const MAX_CONTRAST = 7.5;

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast ratio of two colors, from 1 (equal) to 21. */
export function contrastOf(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Mixes two colors: `a` at 0, `b` at 1; channels are rounded. */
export function mix(a: Rgb, b: Rgb, part: number): Rgb {
  return a.map((channel, i) => Math.round(channel + (b[i]! - channel) * part)) as unknown as Rgb;
}

/** The color with at least this contrast to the background that is nearest to it, between background and pole. */
export function withContrast(color: Rgb, background: Rgb, target: number): Rgb {
  const pole: Rgb = luminance(background) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  const isEnough = (item: Rgb) => contrastOf(item, background) >= target;
  const [from, to] = isEnough(color) ? [background, color] : [color, pole];
  let [low, high] = [0, 1];
  for (let i = 0; i < 16; i++) {
    const middle = (low + high) / 2;
    if (isEnough(mix(from, to, middle))) high = middle;
    else low = middle;
  }
  return mix(from, to, high);
}

/** The color, changed only as far as needed for this contrast on every background. */
export function readableOn(color: Rgb, grounds: readonly Rgb[], target: number): Rgb {
  const isEnough = (item: Rgb) => grounds.every((ground) => contrastOf(item, ground) >= target);
  if (isEnough(color)) return color;
  const found = grounds.map((ground) => withContrast(color, ground, target)).find(isEnough);
  return found ?? (luminance(grounds[0]!) > 0.18 ? [0, 0, 0] : [255, 255, 255]);
}

/** Colors from weak to strong; even the weakest can be distinguished from the background. */
export function ramp(color: Rgb, background: Rgb, levels: number): Rgb[] {
  return Array.from({ length: levels }, (_, i) => {
    const part = levels === 1 ? 1 : i / (levels - 1);
    return withContrast(color, background, MIN_CONTRAST + part * (MAX_CONTRAST - MIN_CONTRAST));
  });
}

/** The color as CSS. Channels are from 0 to 255. */
export function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
