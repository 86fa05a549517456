/** The output of `rollscope analyze` for one step: confidence, quadrants, pass@k, the optimum, the forecast's signals. */
import type { quadrants } from '../../analysis/alignment.ts';
import { MEASURE_NAMES } from '../../analysis/confidence.ts';
import { estimatesAtK } from '../../analysis/evaluation-metrics.ts';
import { majorityRight } from '../../analysis/metrics.ts';
import type { Optimum } from '../../analysis/optimum.ts';
import { signalQuality } from '../../analysis/signal-quality.ts';
import type { MeasureAlignment } from '../../protocol/calibration.ts';
import { DASH } from '../../protocol/format.ts';
import type { JudgedGroup } from '../../protocol/group.ts';
import type { GroupDetail, Problem } from '../../protocol/index.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { oneLine } from '../../protocol/texts.ts';
import { mean, meanShare, smallest } from '../../protocol/values.ts';
import { PLACES, QUADRANT_TITLES, VOTE_TITLES } from '../../protocol/verdict.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { recordedForecast, recordedScore } from '../../runs/head.ts';
import { forecastSection, scoreText, signalTable } from '../forecast.ts';
import { table } from '../table.ts';

/** The KL-regularized optimum that training approaches, estimated by reweighting these rollouts. */
export function optimumText(groups: readonly JudgedGroup[], optima: readonly Optimum[], beta: number): string {
  const judged = groups.flatMap(({ rollouts }, i) => {
    const found = optima[i]!.accuracy;
    return found === null
      ? []
      : [{ now: mean(rollouts.map(({ correct }) => Number(correct === true)))!, there: found }];
  });
  const change = (of: 'share' | 'accuracy', now: number | null, there: number | null) =>
    `${quantityText(of, now)} now, ${quantityText(of, there)} at the optimum`;
  const accuracy =
    judged.length === 0
      ? ''
      : `; accuracy ${change('accuracy', mean(judged.map((item) => item.now)), mean(judged.map((item) => item.there)))}`;
  const shares = change(
    'share',
    meanShare(groups.map(({ majority }) => majority?.share ?? null)),
    meanShare(optima.map(({ majorityShare }) => majorityShare)),
  );
  return `Optimum pi* at beta ${quantityText('beta', beta)}, by reweighting these rollouts: majority share ${shares}${accuracy}`;
}

/** AUROC of each measure of confidence, within problems and across all rollouts, from 0 to 1; 0.5 is chance. */
export function alignmentTable(aligned: readonly MeasureAlignment[]): string {
  const rows = MEASURE_NAMES.flatMap((name) => {
    const found = aligned.find(({ measure }) => measure === name);
    if (!found) return [];
    return [
      [
        found.title,
        found.within ? `${quantityText('auroc', found.within)}, n = ${found.within.problems}` : DASH,
        quantityText('auroc', found.across),
        quantityText('calibrationError', found.calibration?.equalWidth.error),
        quantityText('calibrationError', found.calibration?.equalMass.error),
      ],
    ];
  });
  return table(
    ['AUROC for correctness', 'within problems', 'across problems', 'ECE, equal width', 'ECE, equal mass'],
    rows,
    [3, 4],
  );
}

/**
 * Problem counts and ids by quadrant (confident or uncertain, correct or wrong), and those without an answer.
 * @param problems indexed as the quadrants index them
 */
export function quadrantTable(found: ReturnType<typeof quadrants>, problems: readonly Problem[]): string {
  // Few runs have problems without an answer, so the row is shown only if there are any.
  const shown = PLACES.filter((name) => name !== 'unanswered' || found[name].length > 0);
  const rows = shown.map((name) => [
    name === 'unanswered' ? VOTE_TITLES.unanswered : QUADRANT_TITLES[name],
    String(found[name].length),
    oneLine(found[name].map((index) => problems[index]!.id).join(', '), 70),
  ]);
  return table(['majority', 'problems', 'ids'], rows, [1]);
}

/**
 * Unbiased pass@k and maj@k for powers of two up to the smallest group (arXiv 2107.03374); null if no k can be
 * estimated.
 */
export function atKTable(groups: readonly JudgedGroup[]): string | null {
  const most = smallest(groups.map(({ rollouts }) => rollouts.length));
  const ks = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].filter((k) => k <= most);
  const rows = ks.flatMap((k) => {
    const found = estimatesAtK(groups, k);
    return found ? [[String(k), quantityText('accuracy', found.pass), quantityText('accuracy', found.majority)]] : [];
  });
  return rows.length > 0 ? table(['k', 'pass@k', 'maj@k'], rows, [0]) : null;
}

/** The stored forecast with its score, and how well its signals now separate correct from wrong majorities. */
export function forecastPart({ head }: RunColumns, groups: readonly GroupDetail[], problems: readonly Problem[]) {
  const forecast = recordedForecast(head);
  if (!forecast) return null;
  const score = recordedScore(head);
  const right = new Map(groups.map((group) => [group.problem, majorityRight(group)]));
  const signals = signalTable(forecast, right);
  const parts = [
    forecastSection(forecast, problems),
    ...(score ? [scoreText(score)] : []),
    ...(signals ? [signals] : []),
  ];
  return { text: parts.join('\n\n'), data: { forecast, score, signals: signalQuality(forecast, right) } };
}
