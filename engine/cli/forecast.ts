/** The forecast of a probe or a run, in words for a terminal. */
import { signalQuality } from '../analysis/forecast.ts';
import { noForecast, standIn } from '../protocol/forecast-text.ts';
import { DASH, estimate, number, oneLine, share } from '../protocol/format.ts';
import type { Forecast, ForecastScore, JournalRecord, Problem, RunConfig } from '../protocol/index.ts';
import { readsLabels } from '../training/forecast.ts';
import { table } from './table.ts';

/** The forecast that a run stored, if it did. */
export function forecastIn(records: readonly JournalRecord[]): Forecast | null {
  const record = records.find((one) => one.type === 'forecast');
  return record?.type === 'forecast' ? record.forecast : null;
}

/** Why a run without a forecast has none, where its reward is the reason. */
export function withoutForecast(config: RunConfig): string | null {
  return readsLabels(config) ? noForecast(config.reward) : null;
}

/** How it turned out, if that is known. */
export function scoreIn(records: readonly JournalRecord[]): ForecastScore | null {
  const record = records.findLast((one) => one.type === 'forecast-score');
  return record?.type === 'forecast-score' ? record.score : null;
}

/** Signals with their AUROC for "the answer is right". */
export function signalTable(forecast: Forecast, right: ReadonlyMap<number, boolean | null>): string | null {
  const signals = signalQuality(forecast, right);
  if (signals.length === 0) return null;
  return table(
    ['signal', 'AUROC for a right answer'],
    signals.map(({ signal, auroc }) => [signal.replaceAll('-', ' '), estimate(auroc)]),
  );
}

/** Problems that are likely to be amplified wrongly, the surest first: at most `most` of them. */
function likelyWrongTable(forecast: Forecast, problems: readonly Problem[], most: number): string {
  const rows = forecast.problems
    .filter(({ problem }) => forecast.likelyWrong.includes(problem))
    .sort((a, b) => a.right - b.right)
    .slice(0, most)
    .map(({ problem, answer, share: votes, right }) => [
      oneLine(problems[problem]?.id ?? String(problem), 24),
      answer === null ? DASH : oneLine(answer, 20),
      share(votes?.mean),
      share(right),
    ]);
  return table(['problem', 'would amplify', 'share now', 'right with'], rows, [2, 3]);
}

/** What training under the reward is expected to do. */
export function forecastText(forecast: Forecast, problems: readonly Problem[]): string {
  const { reward, accuracy, wrong, likelyWrong } = forecast;
  const by = standIn(forecast);
  const lines = [
    `Forecast for training by ${reward}${by ? `, made ${by}` : ''}, without labels: ${estimate(accuracy)} of the problems end right; ${number(wrong, 1)} of ${forecast.problems.length} are amplified wrongly.`,
  ];
  if (likelyWrong.length > 0) {
    lines.push(
      `Likely amplified wrongly: ${likelyWrong.length}${likelyWrong.length > 10 ? ', among them' : ''}`,
      likelyWrongTable(forecast, problems, 10),
    );
  }
  return lines.join('\n');
}

export function scoreText({ problems, auroc, brier, baseBrier, expected, actual }: ForecastScore): string {
  return `Forecast: ${share(expected)} of ${problems} problems were expected to end right, ${estimate(actual)} did; AUROC ${estimate(auroc)}, Brier score ${estimate(brier)} (${number(baseBrier, 3)} without skill)`;
}
