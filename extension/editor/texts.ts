/** Texts of a problem's result for CodeLens, inline result and hover. Pure. */
import { fallbackText, signalsOf } from '../../engine/protocol/forecast-text.ts';
import { code, markdown } from '../../engine/protocol/markdown.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { referenceText } from '../../engine/protocol/reference.ts';
import { sparkline } from '../../engine/protocol/sparkline.ts';
import { oneLine, verdictMark } from '../../engine/protocol/texts.ts';
import { shownVerdict, type Verdict, VOTE_TITLES } from '../../engine/protocol/verdict.ts';
import { MAJOR_SHARE } from '../../engine/protocol/warnings.ts';
import { knownNumber, type RunColumns } from '../../engine/runs/columns.ts';
import type { Prediction } from '../../engine/runs/head.ts';
import { historyOf } from '../../engine/runs/history.ts';
import type { ProblemView } from '../../engine/runs/problem-view.ts';
import type { CommandName } from '../command-definitions.ts';
import type { ProblemInRun } from './results.ts';

/** Titles of the lenses that start something; the first two are above the file, the others above the problem at the cursor. */
export const LENS_TITLES = {
  train: 'Train on this dataset',
  probe: 'Probe this dataset',
  probeProblem: 'Probe',
  trainProblem: 'Train on this problem',
} as const satisfies Partial<Record<CommandName, string>>;

/** For a row whose problem is not found; the editor's list of problems says the same. */
export const UNREADABLE_ROW = 'This row cannot be read: it is not valid JSON, or its problem is not a text.';

const MAX_CLUSTERS = 8;
/** Characters of a curve. */
const CURVE = 24;

const MARKS: Record<Verdict, string> = { correct: '✓ ', wrong: '✗ ', unknown: '' };

/**
 * The majority answer, whether it is correct, and its share: `✓ 27 (share 0.87)`. A tie and a single vote are not
 * majorities, so they are named and get no mark. Also says so if most rollouts were truncated or have no answer.
 */
export function resultText(view: ProblemView): string {
  const { answer, share: part, status } = view;
  const lacking = lackingText(view);
  if (answer === null) return `no answer${lacking ? ` (${lacking})` : ''}`;
  const standing = status === 'tie' || status === 'single' ? `${VOTE_TITLES[status]}, ` : '';
  return `${MARKS[shownVerdict(view)]}${oneLine(answer, 40)} (${standing}share ${quantityText('share', part)}${lacking ? `, ${lacking}` : ''})`;
}

/** Longest short result, in characters. */
export const SHORT_RESULT = 24;
/** Characters of an answer in it. */
const SHORT_ANSWER = 8;

/**
 * A shorter result, for lines with little room: `✓ 27 0.87`. A tie, a single vote, and a majority that is truncated or
 * has no answer get a word instead of the mark.
 */
export function shortResultText(view: ProblemView): string {
  const { answer, share: part, status, rollouts, truncated } = view;
  const cut = truncated !== null && truncated > MAJOR_SHARE * rollouts ? ' cut' : '';
  if (answer === null) return `no answer${cut}`;
  const standing = status === 'tie' ? 'tie ' : status === 'single' ? '1 vote ' : MARKS[shownVerdict(view)];
  return `${standing}${oneLine(answer, SHORT_ANSWER)} ${quantityText('share', part)}${cut}`;
}

/** What most rollouts lack, such as `8 of 8 truncated`; null for nothing. */
function lackingText({ answer, rollouts, unanswered, truncated }: ProblemView): string | null {
  const cut = truncated !== null && truncated > MAJOR_SHARE * rollouts ? `${truncated} of ${rollouts} truncated` : null;
  const none =
    answer !== null && unanswered > MAJOR_SHARE * rollouts ? `${unanswered} of ${rollouts} without an answer` : null;
  return [cut, none].filter((text) => text !== null).join(', ') || null;
}

/** The Markdown of a problem's hover; `link` opens the problem in the panel. */
export function hoverText({ run, problem, view }: ProblemInRun, link: string): string {
  const { rollouts: votes, unanswered, prediction, outcome } = view;
  const clusters = run.columns.clustersOf(view.row!);
  const marks = clusters.some(({ correct }) => correct !== null);
  const rows = clusters.slice(0, MAX_CLUSTERS).map(({ answer, count, correct }) => {
    return `| ${code(oneLine(answer, 60))} ${marks ? `| ${verdictMark(correct)} ` : ''}| ${count} | ${quantityText('share', count / votes)} |`;
  });
  const others = clusters.slice(MAX_CLUSTERS).reduce((sum, { count }) => sum + count, 0);
  if (others > 0)
    rows.push(`| other answers ${marks ? '| ' : ''}| ${others} | ${quantityText('share', others / votes)} |`);
  if (unanswered > 0) {
    rows.push(`| no answer ${marks ? '| ' : ''}| ${unanswered} | ${quantityText('share', unanswered / votes)} |`);
  }
  const head = marks
    ? ['| Answer | | Rollouts | Share |', '| :--- | --- | ---: | ---: |']
    : ['| Answer | Rollouts | Share |', '| :--- | ---: | ---: |'];
  const known = referenceText(problem);
  const reference = known === null ? '' : ` · reference ${code(oneLine(known, 60))}`;
  return [
    `**Problem** ${code(problem.id)}${reference}`,
    [...head, ...rows].join('\n'),
    ...curveText(run.columns, problem.index),
    ...(prediction ? predictionText(prediction, outcome, fallbackText(run.columns.head.forecast!)) : []),
    `Step ${view.step} of run ${code(run.run)} · [Show in Panel](${link})`,
  ].join('\n\n');
}

/** The majority's share and the share of correct rollouts over the training steps, as small curves; nothing before the second. */
function curveText(columns: RunColumns, problem: number): string[] {
  const history = historyOf(columns, problem);
  const [first, last] = [history[0], history.at(-1)];
  if (!first || !last || first.step === last.step) return [];
  const accuracy = history.map(({ row }) => knownNumber(columns.groups.columns.accuracy[row]!));
  const curve = (name: string, values: readonly (number | null)[]) =>
    `| ${name} | ${code(sparkline(values, CURVE, { low: 0, high: 1 }))} | ${quantityText('share', values[0])} → ${quantityText('share', values.at(-1))} |`;
  const rows = [
    curve(
      'majority share',
      history.map(({ share }) => share),
    ),
  ];
  if (accuracy.some((value) => value !== null)) rows.push(curve('correct', accuracy));
  return [[`| Steps ${first.step} to ${last.step} | | |`, '| :--- | :--- | ---: |', ...rows].join('\n')];
}

/** The forecast with its signals, the reward that computed it if not the run's own, and the outcome. */
function predictionText(prediction: Prediction, outcome: boolean | null, by: string | null): string[] {
  const { answer, majority, right } = prediction;
  const ended = outcome === null ? '' : ` Outcome: ${outcome ? 'correct' : 'wrong'}.`;
  const what =
    answer === null
      ? 'no predicted majority.'
      : `predicted majority ${code(oneLine(answer, 60))}${majority ? '' : ' (not the majority at the time)'} · P(correct) = ${quantityText('probability', right)}.`;
  const rows = signalsOf(prediction).map(({ name, value }) => `| ${name} | ${value} |`);
  return [
    `**Forecast**${by ? `, ${markdown(by)}` : ''}: ${what}${ended}`,
    ...(rows.length > 0 ? [['| Signal | |', '| :--- | ---: |', ...rows].join('\n')] : []),
  ];
}
