/** Texts of a problem's forecast for lens, hover, panel and terminal. Pure. */

import type { Forecast, ProblemForecast } from './forecast.ts';
import { number, share } from './format.ts';

/** Plain `0.83`, also at the ends. */
function probability(value: number): string {
  return value.toFixed(2);
}

/** `predicted majority: 16 · P(correct) = 0.83`. */
export function forecastText({ answer, right }: Pick<ProblemForecast, 'answer' | 'right'>): string {
  return answer === null
    ? 'no predicted majority'
    : `predicted majority: ${answer} · P(correct) = ${probability(right)}`;
}

/** `computed with majority-vote in place of dual`; null if computed with the training reward, or not known. */
export function standIn({ reward, by }: Pick<Forecast, 'reward' | 'by'>): string | null {
  return by === undefined || by === reward ? null : `computed with ${by} in place of ${reward}`;
}

/** One sentence about what the forecast is. */
export function aboutForecast(forecast: Pick<Forecast, 'reward' | 'by'>): string {
  const by = standIn(forecast);
  return `Predicted outcome of training with ${forecast.reward}, from label-free signals${by ? `; ${by}` : ''}.`;
}

/** Why a run whose reward reads labels has no forecast. */
export function noForecast(reward: string): string {
  return `No forecast: ${reward} reads labels, and forecasts are label-free.`;
}

/** Names and values of the forecast's signals, without those that do not exist. */
export function signalsOf(prediction: ProblemForecast): { name: string; value: string }[] {
  const { share: part, margin, answerEntropy, confidenceGap, agreement, certaintyAgreement, optimum } = prediction;
  const signed = (value: number) => `${value > 0 ? '+' : ''}${number(value, 2)}`;
  const rows: [name: string, value: string | null][] = [
    ['share of rollouts', part && `${share(part.mean)} (${share(part.low)} to ${share(part.high)})`],
    ['margin over the next answer', margin === null ? null : share(margin)],
    ['answer entropy', answerEntropy === null ? null : `${number(answerEntropy, 2)} nats`],
    ['log-prob gap to the others', confidenceGap === null ? null : `${signed(confidenceGap)} nats/token`],
    ['log-prob agreement (AUROC)', agreement === null ? null : share(agreement)],
    ['self-certainty agreement (AUROC)', certaintyAgreement === null ? null : share(certaintyAgreement)],
    ['share under pi*', optimum === null ? null : share(optimum)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}
