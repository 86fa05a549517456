/** Whether a run had anything to learn from: equal rewards, cut responses and missing answers over all of its steps. Pure. */
import { percent, plural } from '../protocol/format.ts';
import { PHASES } from '../protocol/group-id.ts';
import { mean } from '../protocol/values.ts';
import { MAJOR_SHARE } from '../protocol/warnings.ts';
import type { RunColumns } from './columns.ts';
import type { Metric } from './series.ts';

export interface RecordedSignal {
  steps: number;
  /** Steps at which the rewards were equal in every group; null if it was not recorded. */
  equal: number | null;
  /** Mean over the steps of the shares of responses that were truncated and that have no answer; null if unknown. */
  truncated: number | null;
  noAnswer: number | null;
}

/** Looks at training only, since evaluations and probes do not show what a step learned from. */
export function runSignal(columns: RunColumns): RecordedSignal {
  const { series, groups } = columns;
  const skipped = series.of('skippedGroups');
  const counts = new Map<number, number>();
  const train = PHASES.indexOf('train');
  for (const row of columns.countedRows) {
    const step = groups.columns.step[row]!;
    if (groups.columns.phase[row] === train) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const all = (metric: Metric) => mean((series.of(metric) ?? []).filter((value) => !Number.isNaN(value)));
  const flat = series.steps.filter((step, i) => skipped?.[i] === counts.get(step));
  return {
    steps: series.steps.length,
    equal: skipped?.some((value) => !Number.isNaN(value)) ? flat.length : null,
    truncated: all('truncated'),
    noAnswer: all('noAnswer'),
  };
}

/** Whether no step could train by its rewards. */
export function hasNoSignal({ steps, equal }: Pick<RecordedSignal, 'steps' | 'equal'>): boolean {
  return steps > 0 && equal === steps;
}

/**
 * What most responses lack, such as `100% of the responses truncated at the length limit, 89% without an answer`; null
 * for nothing.
 */
export function lackingText({ truncated, noAnswer }: Pick<RecordedSignal, 'truncated' | 'noAnswer'>): string | null {
  const facts = [
    isMost(truncated) ? `${percent(truncated)} of the responses truncated at the length limit` : null,
    isMost(noAnswer) ? `${percent(noAnswer)}${isMost(truncated) ? '' : ' of the responses'} without an answer` : null,
  ].filter((fact) => fact !== null);
  return facts.length > 0 ? facts.join(', ') : null;
}

/** How a run ended that had little to learn from; null for any other run. */
export function signalText(signal: RecordedSignal): string | null {
  const lacking = lackingText(signal);
  if (!hasNoSignal(signal)) return lacking;
  const where = signal.steps === 1 ? 'the only step' : `all ${plural(signal.steps, 'step')}`;
  return [`all rewards were equal in every group of ${where}, so nothing was learned from them`, lacking]
    .filter((text) => text !== null)
    .join('; ');
}

function isMost(part: number | null): boolean {
  return part !== null && part > MAJOR_SHARE;
}
