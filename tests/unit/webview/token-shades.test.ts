/** The shades of a rollout's tokens, and where its answer stands. */
import { expect, test } from 'vitest';
import { contrastOf, type Rgb, readableOn } from '../../../webview/charts/contrast.ts';
import { answerSpan, tokenShades } from '../../../webview/token-shades.ts';

const of = (...probabilities: number[]) => ({
  logprob: Float32Array.from(probabilities, Math.log),
  entropy: Float32Array.from(probabilities, (p) => (1 - p) * 4),
});

test('a confident response is not saturated: shades go by rank', () => {
  const { shades } = tokenShades(of(0.999, 0.998, 0.997, 0.996, 0.995, 0.99, 0.98, 0.9), 'surprise')!;
  expect(shades.slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(shades[7]).toBeGreaterThan(shades[5]!);
  // An unsure one neither.
  const unsure = tokenShades(of(0.05, 0.04, 0.03, 0.02, 0.01, 0.005), 'surprise')!.shades;
  expect(unsure.filter((shade) => shade === 0)).toHaveLength(3);
  // Equal probabilities have equal shades.
  expect(new Set(tokenShades(of(0.9, 0.9, 0.9, 0.9), 'surprise')!.shades).size).toBe(1);
});

test('absolute shades are those of the editor, and the legend has numbers', () => {
  expect(tokenShades(of(0.999, 0.05), 'probability')!.shades).toEqual([0, 7]);
  expect(tokenShades(of(1, 0.1), 'entropy')!.shades).toEqual([0, 7]);
  for (const shading of ['surprise', 'probability', 'entropy'] as const) {
    expect(tokenShades(of(0.9, 0.5), shading)!.legend).toMatch(/\d/);
    expect(tokenShades({ logprob: null, entropy: null }, shading)).toBeNull();
  }
});

test.each([
  ['so 5 and \\boxed{5} holds', '5', [16, 17]],
  ['7,12 #### 12', '12', [10, 12]],
  ['nothing here', '3', null],
  ['no answer', null, null],
])('the answer of %j stands where it was extracted', (text, answer, expected) => {
  const span = answerSpan(text, answer);
  expect(span && [span.start, span.end]).toEqual(expected);
});

test('texts can be read on the selection too', () => {
  const grounds: Rgb[] = [
    [31, 31, 31],
    [55, 55, 61],
  ];
  const red = readableOn([241, 76, 76], grounds, 4.6);
  for (const ground of grounds) expect(contrastOf(red, ground)).toBeGreaterThanOrEqual(4.6);
  expect(readableOn([255, 255, 255], grounds, 4.6)).toEqual([255, 255, 255]);
});
