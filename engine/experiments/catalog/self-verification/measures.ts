/** Curves of the solver and of its judge, by the verifier. */
import type { Curve } from '../../parts/curves.ts';
import type { RunWithRollouts, VerifyAnswer } from './runs.ts';

export const WINDOW = 5;

/** Share of solved problems by step, by the verifier: labels would accept an expression that uses a number twice. */
export function validationCurve(of: RunWithRollouts, verify: VerifyAnswer): Curve {
  const byStep = new Map<number, boolean[]>();
  for (const { step, problem, rollouts } of of.groups.filter(({ phase }) => phase === 'evaluation')) {
    for (const { answer } of rollouts) {
      const solved = verify(of.problems[problem]!.text, answer);
      if (solved !== null) byStep.set(step, [...(byStep.get(step) ?? []), solved]);
    }
  }
  return [...byStep].map(([step, solved]) => ({ step, value: solved.filter(Boolean).length / solved.length }));
}

/** Share of rollouts on which reward and verifier agree, by step; a reward of at least 0.5 accepts. */
export function agreementCurve(of: RunWithRollouts, verify: VerifyAnswer): Curve {
  const byStep = new Map<number, boolean[]>();
  for (const { step, problem, rollouts } of of.groups.filter(({ phase }) => phase === 'train')) {
    for (const { answer, reward } of rollouts) {
      const solved = verify(of.problems[problem]!.text, answer);
      if (solved === null || reward === null) continue;
      byStep.set(step, [...(byStep.get(step) ?? []), reward >= 0.5 === solved]);
    }
  }
  return [...byStep].map(([step, same]) => ({ step, value: same.filter(Boolean).length / same.length }));
}

export interface CurveSummary {
  start: number[];
  peak: number[];
  end: number[];
}

/** First, highest and last value of each curve that has values. */
export function summarizeCurves(curves: readonly Curve[]): CurveSummary {
  const values = curves.map((curve) => curve.map(({ value }) => value)).filter((v) => v.length > 0);
  return {
    start: values.map((v) => v[0]!),
    peak: values.map((v) => Math.max(...v)),
    end: values.map((v) => v.at(-1)!),
  };
}
