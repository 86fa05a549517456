/** The integral verifier: what it reads, what it accepts, what it refuses, and what it costs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as C from '../../engine/grading/complex.ts';
import { derivativeAt, integralOf } from '../../engine/reward/calculus.ts';
import { findIntegral } from '../../engine/reward/integral-problem.ts';
import { expectThrow } from '../support/refusals.ts';
import { explained, group, score, unanswered } from '../support/reward-group.ts';

const judge = (prompt: string, answers: (string | null)[], columns?: Record<string, unknown>) =>
  score('integral', group(answers, { prompt, columns }));

describe('antiderivatives', () => {
  test.each([
    [
      'x^2',
      ['x^3/3', '\\frac{1}{3}x^3 + C', 'F(x) = \\frac{x^3}{3} + c', 'x**3/3 + 7', '\\frac{x^3}{3}+\\text{constant}'],
    ],
    ['\\frac{1}{x}', ['\\ln|x| + C', '\\ln x', 'log(x)', '\\ln|3x|', '\\ln(-x)']],
    ['x e^x', ['xe^x - e^x + C', '(x-1)e^{x}', 'exp(x)*(x - 1)']],
    ['\\frac{1}{\\sqrt{1-x^2}}', ['\\arcsin x + C', '-\\arccos(x)', '\\sin^{-1} x', 'arctan(x/sqrt(1-x^2))']],
    ['\\sec^2 x', ['\\tan x + C', '\\frac{\\sin x}{\\cos x}']],
    ['\\tan x', ['-\\ln|\\cos x| + C', '\\ln|\\sec x|']],
    ['\\frac{1}{\\sqrt{x^2+1}}', ['\\sinh^{-1} x', 'asinh(x)', '\\operatorname{arsinh}(x)', '\\ln(x+\\sqrt{x^2+1})']],
    ['\\frac{1}{x\\sqrt{x^2-1}}', ['\\operatorname{arcsec}|x|', '\\arctan\\sqrt{x^2-1}']],
    ['\\sin x \\cos x', ['\\frac{1}{2}\\sin^2 x', '-\\frac14 \\cos 2x + C', '-\\cos^2(x)/2']],
    ['\\cos(1000x)', ['\\sin(1000x)/1000']],
    ['x^{100}', ['x^{101}/101 + C']],
    ['\\sqrt{x^2-400}', ['\\frac{x}{2}\\sqrt{x^2-400} - 200\\ln|x+\\sqrt{x^2-400}|']],
    ['5', ['5x + C']],
    ['0', ['C', '3']],
    ['\\sqrt[3]{x}', ['\\frac{3}{4}x^{4/3}']],
  ])('of %s are accepted however they are written', (integrand, answers) => {
    const scores = judge(`Find $\\int ${integrand} \\, dx$.`, answers);
    expect(answers.filter((_, i) => scores.rewards[i] !== 1)).toEqual([]);
  });

  test.each([
    ['x^2', ['x^3', 'x^3/3 + 5x', '2x', 'x^3/3.01', 'hello', '\\int x^2 dx', '', 'x^3/3 + C x', '(x^3/3, 1)', 't^3/3']],
    ['\\frac{1}{x}', ['1/x', '-1/x^2', '\\ln(x)^2/2', '\\ln(x+1)']],
    ['x e^x', ['xe^x', 'e^x', 'x^2 e^x/2']],
    ['x^{100}', ['x^{101}/101 + 5x', 'x^{101}/100']],
    ['0', ['x', '10^{-9} x']],
    ['\\sin x', ['\\cos x', '-\\cos x + 0.001 x']],
  ])('of %s that are wrong are refused', (integrand, answers) => {
    expect(judge(`\\int ${integrand} dx`, answers).rewards).toEqual(answers.map(() => 0));
  });

  test('letters other than the variable are constants, the same in both', () => {
    expect(judge('\\int a t^2 \\, dt', ['a t^3/3 + C', 't^3/3', 'a x^3/3']).rewards).toEqual([1, 0, 0]);
  });

  test('explain themselves', () => {
    const [right, wrong, none, unread, nowhere] = explained(
      judge('\\int x^2 dx', ['x^3/3 + C', 'x^3', null, '\\int x', '\\arcsin(x+1000)']),
    );
    expect(right).toMatchObject([{ kind: 'check', passed: true }, { reward: 1 }]);
    expect(wrong).toMatchObject([{ kind: 'check', passed: false }, { reward: 0 }]);
    expect(none).toEqual(unanswered());
    expect(unread).toMatchObject([{ kind: 'check', passed: false }, { reward: 0 }]);
    expect(nowhere).toMatchObject([{ kind: 'check', passed: false }, { reward: 0 }]);
  });

  test('points follow from the integrand: reproducible, and as many as requested', () => {
    const of = group(['x^3/3', 'x^3'], { prompt: '\\int x^2 dx' });
    const run = () => explained(score('integral', of, { integral: { points: 25 } }));
    expect(run()).toEqual(run());
    expect(run()[0]).toMatchObject([{ kind: 'check', passed: true }, { reward: 1 }]);
    expect(score('integral', of, { integral: { tolerance: 0.1 } }).rewards[1]).toBe(0);
  });

  test('polynomials against their exact antiderivatives (property)', () => {
    const coefficients = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(coefficients, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 9 }), (of, at, by) => {
        const f = of.map((c, k) => `(${c}) x^{${k}}`).join(' + ');
        const F = of.map((c, k) => `\\frac{${c}}{${k + 1}} x^{${k + 1}}`).join(' + ');
        expect(judge(`\\int (${f}) dx`, [`${F} + C`, `${F} + ${by} x^{${at + 1}}`]).rewards).toEqual([1, 0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('definite integrals', () => {
  test.each([
    ['\\int_0^1 x^2 dx', '1/3', '0.333'],
    ['\\int_{0}^{\\pi} \\sin x \\, dx', '2', '0'],
    ['\\int_{-\\infty}^{\\infty} e^{-x^2} dx', '\\sqrt{\\pi}', '\\pi'],
    ['\\int_0^1 \\frac{dx}{\\sqrt{x}}', '2', '1'],
    ['\\int_0^1 \\ln x \\, dx', '-1', '1'],
    ['\\int_0^\\infty \\frac{1}{\\sqrt{x}(1+x)} dx', '\\pi', '3'],
    ['\\int_{-\\infty}^0 e^x dx', '1', '0'],
    ['\\int_1^{\\infty} x^{-2}\\,dx', '1', '2'],
    ['\\int_{-1}^{2} |x| dx', '5/2', '3/2'],
    ['\\int_{-1}^{1} x^3 dx', '0', '0.001'],
    ['\\int_1^0 x dx', '-1/2', '1/2'],
    ['\\int_2^2 x dx', '0', '2'],
    ['\\int_0^a x \\, dx', 'a^2/2', 'a^2'],
    ['∫₀¹ x² dx', '1/3', '1/2'],
    ['\\int\\limits_{0}^{1} \\frac{4}{1+x^2} \\mathrm{d}x', '\\pi', '22/7'],
  ])('%s is %s, not %s', (prompt, right, wrong) => {
    expect(judge(prompt, [right, `${right} + x`, wrong, null]).rewards).toEqual([1, 0, 0, 0]);
  });

  test('explain themselves', () => {
    const passed = explained(judge('\\int_0^1 x^2 dx', ['1/3', '1/2', 'x^3/3', '??'])).map(([first]) => first);
    expect(passed).toEqual([true, false, false, false].map((passed) => ({ kind: 'check', passed })));
  });
});

describe('the integral in a problem', () => {
  test.each([
    ['Find $\\int x^2\\,dx$ now.', { integrand: 'x^2', variable: 'x', bounds: null }],
    ['\\int 2xdx', { integrand: '2x', variable: 'x', bounds: null }],
    ['\\int \\frac{dx}{x+1}.', { integrand: '\\frac{ {1} }{x+1}', variable: 'x', bounds: null }],
    ['\\int dx', { integrand: '1', variable: 'x', bounds: null }],
    ['\\int e^{t} \\, \\mathrm{d} t', { integrand: 'e^{t}', variable: 't', bounds: null }],
    ['\\int \\sin\\theta \\, d\\theta', { integrand: '\\sin\\theta', variable: '\\theta', bounds: null }],
    ['\\int x \\cdot d \\, dx', { integrand: 'x \\cdot d', variable: 'x', bounds: null }],
    ['\\[ \\int_{a}^{2b} x \\]', { integrand: 'x', variable: null, bounds: ['a', '2b'] }],
    ['\\int^1_0 x dx', { integrand: 'x', variable: 'x', bounds: ['0', '1'] }],
    ['\\int_{\\frac{1}{2}}^\\pi x dx', { integrand: 'x', variable: 'x', bounds: ['\\frac{1}{2}', '\\pi'] }],
  ])('%s', (text, found) => {
    expect(findIntegral(text)).toEqual(found);
  });

  test.each([['no integral'], ['\\intercept'], ['\\int_0 x dx'], ['\\int_{0^1 x dx']])(
    'does not exist in %s',
    (text) => {
      expect(findIntegral(text)).toBeNull();
    },
  );

  test('comes from the column if there is one: an integrand, or an integral', () => {
    expect(judge('Integrate.', ['exp(x)*(sin(x)-cos(x))/2'], { integrand: 'exp(x)*sin(x)' }).rewards).toEqual([1]);
    expect(judge('Integrate.', ['t^2/2'], { integrand: 't' }).rewards).toEqual([1]);
    expect(judge('Integrate.', ['1/2'], { integrand: '\\int_0^1 x dx' }).rewards).toEqual([1]);
    expect(judge('\\int x dx', ['x^2/2'], { integrand: '' }).rewards).toEqual([1]);
    const named = group(['x^2/2'], { prompt: '\\int 1 dx', columns: { f: 'x' } });
    expect(score('integral', named, { integral: { column: 'f' } }).rewards).toEqual([1]);
  });

  test.each([
    ['What is 1+1?', { reason: 'no-integral' }],
    ['\\int foo{ dx', { reason: 'bad-integrand' }],
    ['\\int_{?}^{1} x dx', { reason: 'bad-bounds' }],
    ['\\int_{-1}^{1} \\frac{1}{x} dx', { reason: 'integral-not-computed', value: '\\frac{1}{x}' }],
    ['\\int_0^1 \\frac{1}{x} dx', { reason: 'integral-not-computed' }],
    ['\\int_{-1}^1 \\sqrt{x} dx', { reason: 'integral-not-computed' }],
    ['\\int \\sqrt{-1-x^2} dx', { reason: 'integrand-without-values' }],
  ])('that cannot be checked is a dataset error: %s', (prompt, facts) => {
    expectThrow(() => judge(prompt, ['1']), 'dataset', { problem: prompt, ...facts });
  });
});

describe('numbers', () => {
  const real =
    (f: (x: number) => number) =>
    (x: number): C.Complex =>
      C.real(f(x));

  test('derivatives are accurate to nine digits, with an error estimate', () => {
    for (const [f, slope] of [
      [Math.sin, Math.cos],
      [Math.exp, Math.exp],
      [(x: number) => Math.log(x), (x: number) => 1 / x],
      [(x: number) => x ** 7, (x: number) => 7 * x ** 6],
    ] as const) {
      for (const x of [0.01, 0.3, 2, 9]) {
        const { value, error } = derivativeAt(real(f), x)!;
        expect(Math.abs(value.re / slope(x) - 1)).toBeLessThan(1e-9);
        expect(Math.abs(value.re - slope(x))).toBeLessThanOrEqual(error + 1e-9 * Math.abs(slope(x)));
      }
    }
    expect(
      derivativeAt(
        real(() => Number.NaN),
        1,
      ),
    ).toBeNull();
    expect(derivativeAt(real(Math.sqrt), 0)).toBeNull();
  });

  test('work is bounded: the number of function evaluations', () => {
    let taken = 0;
    const counted = (f: (x: number) => number) =>
      real((x) => {
        taken++;
        return f(x);
      });
    derivativeAt(
      counted(() => Math.random()),
      1,
    );
    expect(taken).toBeLessThanOrEqual(32);
    taken = 0;
    expect(
      integralOf(
        counted((x) => 1 / x),
        0,
        1,
        1e-8,
      ),
    ).toBeNull();
    expect(taken).toBeLessThanOrEqual(15 * 2 * 300);
  });

  test('the scale of an integral is about that of the absolute value', () => {
    const { value, size } = integralOf(real(Math.sin), 0, 2 * Math.PI, 1e-9)!;
    expect(value).toBe(0);
    expect(size).toBeCloseTo(4, 1);
  });
});
