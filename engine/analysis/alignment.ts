/**
 * How well confidence predicts correctness: the AUROC of each confidence measure within and across problems, calibration,
 * and the four quadrants. Labels are used for measuring only.
 */
import type { Calibration, CalibrationBin, MeasureAlignment } from '../protocol/calibration.ts';
import type { CountedGroup, JudgedGroup } from '../protocol/group.ts';
import { mean } from '../protocol/values.ts';
import {
  CONFIDENT,
  isOneRollout,
  PLACES,
  type QuadrantPlace,
  quadrantOf,
  type VoteStatus,
} from '../protocol/verdict.ts';
import { type Confidences, MEASURE_NAMES, MEASURES } from './confidence.ts';
import { auroc, clusteredAuroc } from './discrimination.ts';
import { bootstrap, wilson } from './estimates.ts';
import { groupVerdict } from './metrics.ts';

/** How well each measure predicts correctness, in the order of `MEASURES`. Measures without values are omitted. */
export function alignment(problems: readonly Confidences[]): MeasureAlignment[] {
  return MEASURE_NAMES.flatMap((measure) => {
    const { title, probability } = MEASURES[measure];
    const scored = problems.map(({ correct, values }) => pairsOf(values[measure], correct));
    const scores = scored.flatMap((pairs) => pairs.scores);
    const right = scored.flatMap((pairs) => pairs.right);
    if (scores.length === 0) return [];
    const clusters = scored.flatMap((pairs, problem) => pairs.scores.map(() => problem));
    const each = scored.flatMap((pairs) => auroc(pairs.scores, pairs.right) ?? []);
    const within = bootstrap(each);
    return {
      measure,
      title,
      rollouts: scores.length,
      right: right.filter(Boolean).length,
      within: within && { ...within, problems: each.length },
      across: clusteredAuroc(scores, right, clusters),
      calibration: probability
        ? {
            equalWidth: calibration(scores, right, 'equal-width')!,
            equalMass: calibration(scores, right, 'equal-mass')!,
          }
        : null,
    };
  });
}

function pairsOf(values: readonly (number | null)[], correct: readonly (boolean | null)[]) {
  const known = values.flatMap((value, i) => (value === null || (correct[i] ?? null) === null ? [] : i));
  return { scores: known.map((i) => values[i]!), right: known.map((i) => correct[i]!) };
}

/** B. */
const BINS = 10;

/**
 * Calibration of probabilities (Guo et al., arXiv 1706.04599). `equal-width`: B = 10 bins (i/B, (i+1)/B], with 0 in the first.
 * `equal-mass`: bin i closes when it and the previous bins contain at least (i+1) N / B values; equal values share a bin, so
 * there may be fewer than B. null without values.
 */
export function calibration(
  confidences: readonly number[],
  right: readonly boolean[],
  kind: 'equal-width' | 'equal-mass',
): Calibration | null {
  const n = confidences.length;
  if (n === 0) return null;
  const order = confidences.map((_, i) => i).sort((a, b) => confidences[a]! - confidences[b]!);
  const sorted = order.map((i) => ({ confidence: confidences[i]!, right: right[i]! }));
  const edges = kind === 'equal-width' ? widths() : masses(sorted);
  let at = 0;
  const bins = edges.map((high, b): CalibrationBin => {
    const start = at;
    while (at < n && (b === edges.length - 1 || sorted[at]!.confidence <= high)) at++;
    const members = sorted.slice(start, at);
    return {
      low: edges[b - 1] ?? (kind === 'equal-width' ? 0 : sorted[0]!.confidence),
      high,
      count: members.length,
      confidence: mean(members.map(({ confidence }) => confidence)),
      accuracy: wilson(members.filter((member) => member.right).length, members.length),
    };
  });
  const error = bins.reduce(
    (total, { count: size, confidence, accuracy }) =>
      size === 0 ? total : total + (size / n) * Math.abs(accuracy!.mean - confidence!),
    0,
  );
  return { error, bins };
}

function widths(): number[] {
  return Array.from({ length: BINS }, (_, b) => (b + 1) / BINS);
}

function masses(sorted: readonly { confidence: number }[]): number[] {
  const edges: number[] = [];
  let bin = 1;
  sorted.forEach(({ confidence }, i) => {
    const closes = (i + 1) * BINS >= bin * sorted.length && confidence !== sorted[i + 1]?.confidence;
    if (!closes) return;
    edges.push(confidence);
    while (bin * sorted.length <= (i + 1) * BINS) bin++;
  });
  return edges;
}

/**
 * The problems of each quadrant: confident if the majority share is above {@link CONFIDENT}, correct if the majority answer is; a
 * single vote is uncertain. Problems without any answer have a category of their own; those with unknown correctness have
 * none.
 */
export function quadrants(
  problems: readonly { problem: number; group: JudgedGroup | CountedGroup }[],
): Record<QuadrantPlace, number[]> {
  const placed = problems.flatMap(({ problem, group }) => {
    const verdict = groupVerdict(group);
    if (verdict === 'unknown') return [];
    const share = group.majority?.share ?? null;
    return { problem, quadrant: quadrantOf(statusOf(group), share, verdict) };
  });
  const of = (name: QuadrantPlace) => placed.filter(({ quadrant }) => quadrant === name).map(({ problem }) => problem);
  return Object.fromEntries(PLACES.map((name) => [name, of(name)])) as Record<QuadrantPlace, number[]>;
}

/** The status of a vote. A tie counts by its share. */
function statusOf({ majority, rollouts }: JudgedGroup | CountedGroup): VoteStatus {
  if (majority === null) return 'unanswered';
  return isOneRollout(majority.share, typeof rollouts === 'number' ? rollouts : rollouts.length)
    ? 'single'
    : 'majority';
}
