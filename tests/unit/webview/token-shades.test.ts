/** The shades of a rollout's tokens, and where its answer stands. */
import { expect, test } from 'vitest';
import { TOKEN_SHADINGS } from '../../../engine/runs/panel-state.ts';
import { answerSpan, tokenShades, unshaded } from '../../../engine/runs/token-shades.ts';
import { contrastOf, type Rgb, readableOn } from '../../../webview/charts/contrast.ts';

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

test('shades relative to the group are those of all its tokens', () => {
  const [sure, unsure] = [of(0.99, 0.98, 0.97), of(0.5, 0.4, 0.3)];
  const group = [sure, unsure].map(({ logprob }) => ({ logprob, advantage: null }));
  expect(tokenShades({ ...sure, group }, 'group')!.shades).toEqual([0, 0, 0]);
  expect(Math.min(...tokenShades({ ...unsure, group }, 'group')!.shades)).toBeGreaterThan(0);
});

test('the margin of the two likeliest tokens, the push of an advantage and the change since A', () => {
  const subject = {
    ...of(0.9, 0.5, 0.5),
    top1: new Float32Array([1, 0.5, 0.6]),
    top2: new Float32Array([0, 0.5, 0.1]),
  };
  expect(tokenShades(subject, 'margin')!.shades).toEqual([0, 7, 4]);
  expect(tokenShades(of(1), 'margin')).toBeNull();

  const pushed = tokenShades({ ...subject, advantage: -2 }, 'advantage')!;
  expect(pushed.shades).toEqual([1, 7, 7]);
  expect(pushed.rose).toBeUndefined();
  expect(pushed.legend).toContain('-2');
  expect(tokenShades({ ...subject, advantage: 2 }, 'advantage')!.rose).toEqual([true, true, true]);
  // All are right: nothing is pushed.
  expect(tokenShades({ ...subject, advantage: 0 }, 'advantage')!.shades).toEqual([0, 0, 0]);
  expect(tokenShades({ ...subject, advantage: null }, 'advantage')).toBeNull();

  const before = new Float32Array([Math.log(0.9), Math.log(0.05), Number.NaN]);
  const changed = tokenShades({ ...subject, before }, 'change')!;
  expect(changed.shades).toEqual([0, 6, 0]);
  expect(changed.rose).toEqual([false, true, false]);
  expect(tokenShades({ ...subject, before: new Float32Array(3).fill(Number.NaN) }, 'change')).toBeNull();
});

test('each shading says at which values its shades begin, and without numbers why it has none', () => {
  const subject = {
    ...of(0.9, 0.5),
    top1: new Float32Array([0.9, 0.5]),
    top2: new Float32Array([0.1, 0.5]),
    advantage: 1,
    before: new Float32Array([-1, -1]),
  };
  for (const shading of TOKEN_SHADINGS) {
    expect(
      tokenShades({ ...subject, group: [{ logprob: subject.logprob, advantage: 1 }] }, shading)!.bounds,
    ).toHaveLength(7);
    expect(unshaded(shading, { logprob: null, entropy: null })).toMatch(/not recorded/);
  }
  expect(unshaded('advantage', subject)).not.toBe(unshaded('change', subject));
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
