/** The shades of a rollout's tokens, and where its answer stands. */
import { expect, test } from 'vitest';
import { valuesAt } from '../../../engine/runs/order-statistics.ts';
import { TOKEN_SHADINGS, type TokenShading } from '../../../engine/runs/panel-state.ts';
import { answerSpan, hasRisen, type ShadeSubject, tokenShades, unshaded } from '../../../engine/runs/token-shades.ts';
import { contrastOf, type Rgb, readableOn } from '../../../webview/charts/contrast.ts';

const of = (...probabilities: number[]) => ({
  logprob: Float32Array.from(probabilities, Math.log),
  entropy: Float32Array.from(probabilities, (p) => (1 - p) * 4),
});

const shadesOf = (subject: ShadeSubject, by: TokenShading) => [...tokenShades(subject, by)!.shades];
const risenIn = (subject: ShadeSubject, by: TokenShading) => {
  const shaded = tokenShades(subject, by)!;
  return Array.from(shaded.shades, (_, t) => hasRisen(shaded, t));
};

test('a confident response is not saturated: shades go by rank', () => {
  const shades = shadesOf(of(0.999, 0.998, 0.997, 0.996, 0.995, 0.99, 0.98, 0.9), 'surprise');
  expect(shades.slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(shades[7]).toBeGreaterThan(shades[5]!);
  // An unsure one neither.
  const unsure = shadesOf(of(0.05, 0.04, 0.03, 0.02, 0.01, 0.005), 'surprise');
  expect(unsure.filter((shade) => shade === 0)).toHaveLength(3);
  // Equal probabilities have equal shades.
  expect(new Set(tokenShades(of(0.9, 0.9, 0.9, 0.9), 'surprise')!.shades).size).toBe(1);
});

test('absolute shades are those of the editor, and the legend has numbers', () => {
  expect(shadesOf(of(0.999, 0.05), 'probability')).toEqual([0, 7]);
  expect(shadesOf(of(1, 0.1), 'entropy')).toEqual([0, 7]);
  for (const shading of ['surprise', 'probability', 'entropy'] as const) {
    expect(tokenShades(of(0.9, 0.5), shading)!.legend).toMatch(/\d/);
    expect(tokenShades({ logprob: null, entropy: null }, shading)).toBeNull();
  }
});

test('shades relative to the group use all of its tokens', () => {
  const [sure, unsure] = [of(0.99, 0.98, 0.97), of(0.5, 0.4, 0.3)];
  const group = [sure, unsure].map(({ logprob }) => ({ logprob, advantage: null }));
  expect(shadesOf({ ...sure, group }, 'group')).toEqual([0, 0, 0]);
  expect(Math.min(...tokenShades({ ...unsure, group }, 'group')!.shades)).toBeGreaterThan(0);
});

/** As the definition says: by how many of the tokens are more probable. */
function shadeByRank(value: number, among: readonly number[]): number {
  const quantile = among.filter((other) => other > value).length / among.length;
  return quantile < 0.5 ? 0 : Math.min(7, 1 + Math.floor((quantile - 0.5) * 14 + 1e-9));
}

test('shades by rank equal those from sorting, for responses of any length and with equal tokens', () => {
  for (let length = 1; length <= 60; length++) {
    const values = Float32Array.from({ length }, (_, t) => -Math.abs(Math.round(Math.sin(t * length) * 20) / 20) * 3);
    const other = Float32Array.from({ length: 7 }, (_, t) => -t / 3);
    const subject = {
      logprob: values,
      entropy: null,
      group: [
        { logprob: values, advantage: null },
        { logprob: other, advantage: null },
      ],
    };
    expect(shadesOf(subject, 'surprise')).toEqual(Array.from(values, (value) => shadeByRank(value, [...values])));
    expect(shadesOf(subject, 'group')).toEqual(
      Array.from(values, (value) => shadeByRank(value, [...values, ...other])),
    );
  }
});

test('values at given ranks are found without sorting', () => {
  const numbers = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i * 12.9898) * 10 ** ((i % 7) - 3));
  const parts = [numbers.subarray(0, 1000), numbers.subarray(1000, 1001), numbers.subarray(1001)];
  const places = [0, 1, 1499, 1500, 2998, 2999];
  expect(valuesAt(parts, places)).toEqual(places.map((place) => numbers.toSorted()[place]));
  expect(valuesAt([new Float32Array([-0, 0, -1, Number.POSITIVE_INFINITY])], [0, 3])).toEqual([
    -1,
    Number.POSITIVE_INFINITY,
  ]);
  expect(() => valuesAt([numbers], [3000])).toThrow(RangeError);
});

test('the margin of the two most likely tokens, the push of an advantage and the change since A', () => {
  const subject = {
    ...of(0.9, 0.5, 0.5),
    top1: new Float32Array([1, 0.5, 0.6]),
    top2: new Float32Array([0, 0.5, 0.1]),
  };
  expect(shadesOf(subject, 'margin')).toEqual([0, 7, 4]);
  expect(tokenShades(of(1), 'margin')).toBeNull();

  const pushed = tokenShades({ ...subject, advantage: -2 }, 'advantage')!;
  expect([...pushed.shades]).toEqual([1, 7, 7]);
  expect(pushed.rose).toBeUndefined();
  expect(pushed.legend).toContain('-2');
  expect(risenIn({ ...subject, advantage: 2 }, 'advantage')).toEqual([true, true, true]);
  // All are right: nothing is pushed.
  expect(shadesOf({ ...subject, advantage: 0 }, 'advantage')).toEqual([0, 0, 0]);
  expect(tokenShades({ ...subject, advantage: null }, 'advantage')).toBeNull();

  const before = new Float32Array([Math.log(0.9), Math.log(0.05), Number.NaN]);
  expect(shadesOf({ ...subject, before }, 'change')).toEqual([0, 6, 0]);
  expect(risenIn({ ...subject, before }, 'change')).toEqual([false, true, false]);
  expect(tokenShades({ ...subject, before: new Float32Array(3).fill(Number.NaN) }, 'change')).toBeNull();
});

test('each shading says at which values its shades start, and without numbers why it has none', () => {
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
])('the answer of %j is where it was extracted', (text, answer, expected) => {
  const span = answerSpan(text, answer);
  expect(span && [span.start, span.end]).toEqual(expected);
});

test('texts are readable on the selection too', () => {
  const grounds: Rgb[] = [
    [31, 31, 31],
    [55, 55, 61],
  ];
  const red = readableOn([241, 76, 76], grounds, 4.6);
  for (const ground of grounds) expect(contrastOf(red, ground)).toBeGreaterThanOrEqual(4.6);
  expect(readableOn([255, 255, 255], grounds, 4.6)).toEqual([255, 255, 255]);
});
