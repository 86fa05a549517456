/** How the forecast of one problem reads in lens, hover and panel. Pure. */
import { number, share } from './format.ts';
import type { Foretold } from './state.ts';

/** Plain `0.83`, also at the ends. */
function probability(value: number): string {
  return value.toFixed(2);
}

/** `likely amplified: 16, right with 0.83`. */
export function forecastText({ answer, right }: Pick<Foretold, 'answer' | 'right'>): string {
  return answer === null ? 'no answer to amplify' : `likely amplified: ${answer}, right with ${probability(right)}`;
}

/** What the forecast rests on: names and values of its signals, those that do not exist left out. */
export function signalsOf(foretold: Foretold): { name: string; value: string }[] {
  const { share: part, margin, answerEntropy, confidenceGap, agreement, certaintyAgreement, optimum } = foretold;
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
