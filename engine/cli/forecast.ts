/** The forecast of a probe or a run as text. */
import { type Signal, signalQuality } from '../analysis/signal-quality.ts';
import { fallbackText, noForecastText, SIGNAL_NAMES } from '../protocol/forecast-text.ts';
import { DASH, plural } from '../protocol/format.ts';
import type { Forecast, ForecastScore, Problem, RunConfig } from '../protocol/index.ts';
import { quantityText } from '../protocol/quantities.ts';
import { oneLine } from '../protocol/texts.ts';
import { storedReward } from '../reward/index.ts';
import { table } from './table.ts';

/** Why a run has no forecast, if its reward is the reason; else null. `config`: null for a run of another trainer. */
export function noForecastReason(config: RunConfig | null): string | null {
  return config && storedReward(config)?.labels ? noForecastText(config.reward) : null;
}

/** Titles of the ranking signals; entropy is negated, since AUROC ranks from low to high. */
const RANKED_BY: Readonly<Record<Signal, string>> = {
  right: 'P(correct)',
  share: SIGNAL_NAMES.share,
  margin: SIGNAL_NAMES.margin,
  'negative-answer-entropy': `negative ${SIGNAL_NAMES.answerEntropy}`,
  'confidence-gap': SIGNAL_NAMES.confidenceGap,
  agreement: SIGNAL_NAMES.agreement,
  'certainty-agreement': SIGNAL_NAMES.certaintyAgreement,
  optimum: SIGNAL_NAMES.optimum,
};

/** Signals with their AUROC for correctness of the majority. */
export function signalTable(forecast: Forecast, right: ReadonlyMap<number, boolean | null>): string | null {
  const signals = signalQuality(forecast, right);
  if (signals.length === 0) return null;
  return table(
    ['signal', 'AUROC for correctness'],
    signals.map(({ signal, auroc }) => [RANKED_BY[signal], quantityText('auroc', auroc)]),
  );
}

/** Problems whose predicted majority is likely wrong, lowest P(correct) first; at most `most`. */
function likelyWrongTable(forecast: Forecast, problems: readonly Problem[], most: number): string {
  const rows = forecast.problems
    .filter(({ problem }) => forecast.likelyWrong.includes(problem))
    .sort((a, b) => a.right - b.right)
    .slice(0, most)
    .map(({ problem, answer, share: votes, right }) => [
      oneLine(problems[problem]?.id ?? String(problem), 24),
      answer === null ? DASH : oneLine(answer, 20),
      quantityText('share', votes?.mean),
      quantityText('probability', right),
    ]);
  return table(['problem', 'predicted majority', 'share', 'P(correct)'], rows, [2, 3]);
}

/** The forecast for all problems, and the problems whose majority is likely wrong. */
export function forecastSection(forecast: Forecast, problems: readonly Problem[]): string {
  const { reward, accuracy, wrong, likelyWrong } = forecast;
  const by = fallbackText(forecast);
  const lines = [
    `Forecast for training with ${reward}${by ? `, ${by}` : ''}: predicted majority accuracy ${quantityText('accuracy', accuracy)} · expected wrong majorities: ${quantityText('expectedProblems', wrong)} of ${forecast.problems.length}`,
  ];
  if (likelyWrong.length > 0) {
    lines.push(
      `Likely wrong majorities (${likelyWrong.length > 10 ? `${likelyWrong.length}, the 10 most likely` : likelyWrong.length}):`,
      likelyWrongTable(forecast, problems, 10),
    );
  }
  return lines.join('\n');
}

/**
 * One line: predicted and measured majority accuracy with a 95% interval, AUROC, and the Brier score next to the
 * base-rate baseline. A dash for values that cannot be computed.
 */
export function scoreText({ problems, auroc, brier, baseBrier, expected, actual }: ForecastScore): string {
  return `Forecast score: predicted majority accuracy ${quantityText('accuracy', expected)}, measured ${quantityText('accuracy', actual)} on ${plural(problems, 'problem')} · AUROC ${quantityText('auroc', auroc)} · Brier score ${quantityText('brier', brier)}, base-rate baseline ${quantityText('brier', baseBrier)}`;
}
