/** How the forecast of one problem reads in lens, hover and panel. Pure. */

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

/** `by the majority vote, which stands in for dual`; null where the reward itself was at hand, or it is not known. */
export function standIn({ reward, by }: Pick<Forecast, 'reward' | 'by'>): string | null {
  return by === undefined || by === reward ? null : `by the ${by.replaceAll('-', ' ')}, which stands in for ${reward}`;
}

/** What the forecast is, in a sentence. */
export function aboutForecast(forecast: Pick<Forecast, 'reward' | 'by'>): string {
  const by = standIn(forecast);
  return `What training on ${forecast.reward} is likely to do, from signals that need no labels${by ? `; made ${by}` : ''}.`;
}

/** Why a run whose reward reads labels has no forecast. */
export function noForecast(reward: string): string {
  return `No forecast: ${reward} reads labels, and a forecast must not.`;
}

/** What the forecast rests on: names and values of its signals, those that do not exist left out. */
export function signalsOf(prediction: ProblemForecast): { name: string; value: string }[] {
  const { share: part, margin, answerEntropy, confidenceGap, agreement, certaintyAgreement, optimum } = prediction;
  const signed = (value: number) => `${value > 0 ? '+' : ''}${number(value, 2)}`;
  const rows: [name: string, value: string | null][] = [
    ['share of the rollouts', part && `${share(part.mean)} (${share(part.low)} to ${share(part.high)})`],
    ['ahead of the next answer by', margin === null ? null : share(margin)],
    ['answer entropy', answerEntropy === null ? null : `${number(answerEntropy, 2)} nats`],
    ['log-prob above the others', confidenceGap === null ? null : `${signed(confidenceGap)} nats a token`],
    ['log-prob agrees (AUROC)', agreement === null ? null : share(agreement)],
    ['self-certainty agrees (AUROC)', certaintyAgreement === null ? null : share(certaintyAgreement)],
    ['share under the optimum', optimum === null ? null : share(optimum)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}
