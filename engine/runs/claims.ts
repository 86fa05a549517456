/**
 * Values that a report states about a run, as `name=value`, so that they are checked when the place that it cites is
 * opened. Pure.
 */
import type { Address } from '../protocol/address.ts';
import { diagnosisText } from '../protocol/diagnosis.ts';
import { DASH } from '../protocol/format.ts';
import type { Problem } from '../protocol/problem.ts';
import { quantityText } from '../protocol/quantities.ts';
import { shownVerdict } from '../protocol/verdict.ts';
import type { RunColumns } from './columns.ts';
import { diagnosisAt } from './diagnosis.ts';
import { problemIn } from './find-place.ts';
import { problemView } from './problem-view.ts';
import { isForeign } from './series.ts';

export interface ClaimCheck {
  name: string;
  /** The value in the link, and the value in the run now; a dash if there is none. */
  said: string;
  now: string;
  holds: boolean;
}

/** Values of an evaluation, as a claim names them. */
const EVALUATED = {
  'avg@k': 'accuracy',
  'maj@k': 'majorityAccuracy',
  'pass@k': 'passAtK',
} as const;

type Value = (columns: RunColumns, problem: number | null, at: number) => string;

const VALUES: Readonly<Record<string, Value>> = {
  diagnosis: (columns, _, at) => diagnosisText(diagnosisAt(columns, at).diagnosis),
  ...Object.fromEntries(
    Object.entries(EVALUATED).map(([name, field]): [string, Value] => [
      name,
      ({ head }, _, at) => {
        const found = head.evaluations.findLast(({ step }) => step <= at);
        return quantityText('accuracy', found?.[field]?.mean ?? null);
      },
    ]),
  ),
  answer: (columns, problem, at) => (problem === null ? DASH : (problemView(columns, problem, at).answer ?? DASH)),
  share: (columns, problem, at) =>
    quantityText('share', problem === null ? null : problemView(columns, problem, at).share),
  verdict: (columns, problem, at) => (problem === null ? DASH : shownVerdict(problemView(columns, problem, at))),
  wrongSince: (columns, problem, at) => {
    const view = problem === null ? null : problemView(columns, problem, at);
    return view && shownVerdict(view) === 'wrong' ? String(view.since.verdict ?? DASH) : DASH;
  },
};

/** A value as a claim states it. @param at the step; infinite for the latest @throws RollscopeError for an unknown problem */
export function claimValue(columns: RunColumns, name: string, problem: number | null, at: number): string {
  const own = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
  if (own) return own(columns, problem, at);
  const metric = columns.series.names.find((candidate) => candidate === name && !isForeign(candidate));
  return metric === undefined ? DASH : quantityText('reward', columns.metricAt(metric, at));
}

/** null if the address states nothing. */
export function checkClaim(columns: RunColumns, problems: readonly Problem[], address: Address): ClaimCheck | null {
  const [, name, said] = /^([^=]+)=(.*)$/s.exec(address.says ?? '') ?? [];
  if (name === undefined || said === undefined) return null;
  const problem = problemIn(problems, address);
  const now = claimValue(columns, name, problem, address.step ?? Number.POSITIVE_INFINITY);
  return { name, said, now, holds: said === now };
}

/** `holds: share 0.88`, `does not hold: share was 0.88, is 0.91`. */
export function claimText({ name, said, now, holds }: ClaimCheck): string {
  return holds
    ? `The claim holds: ${name} is ${now}.`
    : `The claim does not hold: it says that ${name} is ${said}, but it is ${now}.`;
}
