/** Texts of a problem's forecast for lens, hover, panel and terminal. Pure. */
import type { Forecast, ProblemForecast } from './forecast.ts';
import { quantityText, withUnit } from './quantities.ts';

/** `predicted majority: 16 · P(correct) = 0.83`. */
export function forecastText({ answer, right }: Pick<ProblemForecast, 'answer' | 'right'>): string {
  return answer === null
    ? 'no predicted majority'
    : `predicted majority: ${answer} · P(correct) = ${quantityText('probability', right)}`;
}

/** `computed with majority-vote in place of dual`; null if computed with the training reward, or unknown. */
export function fallbackText({ reward, by }: Pick<Forecast, 'reward' | 'by'>): string | null {
  return by === undefined || by === reward ? null : `computed with ${by} in place of ${reward}`;
}

/** One sentence about the meaning of the forecast. */
export function forecastExplanation(forecast: Pick<Forecast, 'reward' | 'by'>): string {
  const by = fallbackText(forecast);
  return `Predicted outcome of training with ${forecast.reward}, from label-free signals${by ? `; ${by}` : ''}.`;
}

/** Why a run whose reward reads labels has no forecast. */
export function noForecastText(reward: string): string {
  return `No forecast: ${reward} reads labels, and forecasts are label-free.`;
}

/** Names of the forecast's signals, the same everywhere. */
export const SIGNAL_NAMES = {
  share: 'share of rollouts',
  margin: 'margin over the next answer',
  answerEntropy: 'answer entropy',
  confidenceGap: 'log-prob gap to the others',
  agreement: 'log-prob agreement (AUROC)',
  certaintyAgreement: 'self-certainty agreement (AUROC)',
  optimum: 'share under pi*',
} as const;
export type SignalId = keyof typeof SIGNAL_NAMES;

/** Names and values of the forecast's signals, without those that do not exist. */
export function signalsOf(prediction: ProblemForecast): { id: SignalId; name: string; value: string }[] {
  const { share: part, margin, answerEntropy, confidenceGap, agreement, certaintyAgreement, optimum } = prediction;
  const values: Record<SignalId, string | null> = {
    share: part && quantityText('share', part),
    margin: margin === null ? null : quantityText('share', margin),
    answerEntropy: answerEntropy === null ? null : withUnit('answerEntropy', answerEntropy),
    confidenceGap:
      confidenceGap === null ? null : `${confidenceGap > 0 ? '+' : ''}${withUnit('logprob', confidenceGap)}`,
    agreement: agreement === null ? null : quantityText('auroc', agreement),
    certaintyAgreement: certaintyAgreement === null ? null : quantityText('auroc', certaintyAgreement),
    optimum: optimum === null ? null : quantityText('share', optimum),
  };
  return (Object.keys(SIGNAL_NAMES) as SignalId[]).flatMap((id) => {
    const value = values[id];
    return value === null ? [] : [{ id, name: SIGNAL_NAMES[id], value }];
  });
}
