/** The output of `rollscope compare`: each run against the first, and the settings and problems that differ. */
import { DASH, plural } from '../../protocol/format.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { oneLine } from '../../protocol/texts.ts';
import type { PairComparison, RunAtStep, RunComparison } from '../../runs/comparison/compare.ts';
import type { DifferingProblem } from '../../runs/comparison/differing.ts';
import { RUN_LETTERS } from '../../runs/comparison/letters.ts';
import { differenceText, MEASURES, matchedText, pairText } from '../../runs/comparison/text.ts';
import { table } from '../table.ts';

/** Maximum number of problems and settings listed; `--json` contains all. */
const MAX_ROWS = 40;
const MAX_TEXT_LENGTH = 36;

/** Tables of runs, differences, settings and problems, in reading order. */
export function comparisonText(compared: RunComparison, differing: readonly DifferingProblem[]): string {
  return [
    `${matchedText(compared)}\n\n${runsTable(compared.runs)}`,
    ...compared.pairs.map((pair) => pairPart(pair)),
    settingsTable(compared),
    problemsTable(compared.runs, differing),
  ].join('\n\n');
}

function runsTable(runs: readonly RunAtStep[]): string {
  const header = ['', ...runs.map(({ run }, i) => `${RUN_LETTERS[i]}: ${run}`)];
  const rows = [
    ['step', ...runs.map(({ at }) => (at.step === null ? DASH : String(at.step)))],
    ...MEASURES.map(({ title, text }) => [
      title(runs),
      ...runs.map(({ before, at }) => `${text(before)} → ${text(at)}`),
    ]),
  ];
  return `${table(header, rows)}\n(before training → at the step; 95% confidence intervals in parentheses)`;
}

function pairPart(pair: PairComparison): string {
  const [a, b] = [RUN_LETTERS[pair.first]!, RUN_LETTERS[pair.second]!];
  const rows = [
    ['accuracy', differenceText(pair.accuracy)],
    ['majority', differenceText(pair.majorityAccuracy)],
  ];
  return `${table([`${b} - ${a}`, 'difference'], rows)}\n${pairText(pair)}`;
}

function settingsTable({ settings, runs }: RunComparison): string {
  if (settings.length === 0) return 'The runs have the same settings.';
  const rows = settings
    .slice(0, MAX_ROWS)
    .map(({ setting, values }) => [
      setting,
      ...values.map((value) => (value === null ? DASH : oneLine(value, MAX_TEXT_LENGTH))),
    ]);
  return table(['different settings', ...runs.map((_, i) => RUN_LETTERS[i]!)], rows) + more(settings.length, 'setting');
}

function problemsTable(runs: readonly RunAtStep[], differing: readonly DifferingProblem[]): string {
  if (differing.length === 0) return 'The answers are the same for every problem.';
  const rows = differing
    .slice(0, MAX_ROWS)
    .map(({ id, reference, runs: those }) => [
      oneLine(id, MAX_TEXT_LENGTH),
      reference === null ? DASH : oneLine(reference, MAX_TEXT_LENGTH),
      ...those.map(answerText),
    ]);
  const title = `${plural(differing.length, 'problem')} with different answers, or none in one`;
  return table([title, 'reference', ...runs.map((_, i) => RUN_LETTERS[i]!)], rows) + more(differing.length, 'problem');
}

function answerText({ answer, share, correct, status }: DifferingProblem['runs'][number]): string {
  if (answer === null) return status === 'unsampled' ? DASH : 'no answer';
  const mark = correct === null ? '' : correct ? '✓ ' : '✗ ';
  return `${mark}${oneLine(answer, MAX_TEXT_LENGTH)} (${quantityText('share', share)})`;
}

function more(count: number, what: string): string {
  return count > MAX_ROWS ? `\nand ${plural(count - MAX_ROWS, `more ${what}`)} (--json has all)` : '';
}
