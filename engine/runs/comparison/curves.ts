/** The curves of compared runs: metrics of their steps, and what their evaluations measured. Pure, without schemas. */
import type { RunColumns } from '../columns.ts';
import type { Metric } from '../series.ts';

/** The estimates of an evaluation that can be curves. */
export const EVALUATION_CURVES = {
  'evaluation/accuracy': { measure: 'accuracy', title: 'accuracy of the evaluations' },
  'evaluation/majority': { measure: 'majorityAccuracy', title: 'maj@k of the evaluations' },
  'evaluation/pass': { measure: 'passAtK', title: 'pass@k of the evaluations' },
} as const;
type EvaluationCurve = keyof typeof EVALUATION_CURVES;

export type CurveName = Metric | EvaluationCurve;

export interface RunCurve {
  /** Ascending. */
  steps: number[];
  /** One value per step; NaN if there is none. */
  values: number[];
  /** 95% intervals of evaluations. */
  low?: number[];
  high?: number[];
}

/** Whether a curve consists of estimates of evaluations rather than of a metric of the steps. */
export function isEvaluationCurve(name: string): name is EvaluationCurve {
  return Object.hasOwn(EVALUATION_CURVES, name);
}

/** Empty if the run does not have it. */
export function curveOf({ series, head }: Pick<RunColumns, 'series' | 'head'>, name: CurveName): RunCurve {
  if (!isEvaluationCurve(name)) {
    const values = series.of(name);
    return values ? { steps: [...series.steps], values: [...values] } : { steps: [], values: [] };
  }
  const { measure } = EVALUATION_CURVES[name];
  const measured = head.evaluations.flatMap((evaluation) => {
    const estimate = evaluation[measure];
    return estimate ? [{ step: evaluation.step, ...estimate }] : [];
  });
  const all = (of: 'step' | 'mean' | 'low' | 'high') => measured.map((item) => item[of]);
  return { steps: all('step'), values: all('mean'), low: all('low'), high: all('high') };
}
