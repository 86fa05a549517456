/**
 * A report on a run in Markdown: what became of it, the accuracies before and after, the problems that it got wrong with
 * confidence. Every claim cites a place, and the place checks the claim when it is opened. Pure.
 */
import { addressText, type PartialAddress } from '../protocol/address.ts';
import { diagnosisMeaning } from '../protocol/diagnosis.ts';
import { DASH, plural } from '../protocol/format.ts';
import type { RunInfo } from '../protocol/listed-run.ts';
import { code } from '../protocol/markdown.ts';
import type { Problem } from '../protocol/problem.ts';
import { referenceText } from '../protocol/reference.ts';
import { claimValue } from './claims.ts';
import type { RunColumns } from './columns.ts';
import { diagnosisAt } from './diagnosis.ts';
import { problemName } from './find-place.ts';
import { type ProblemView, problemView } from './problem-view.ts';

/** Problems that are listed in each table. */
const MAX_LISTED_PROBLEMS = 20;

export interface ReportedRun {
  info: RunInfo;
  problems: readonly Problem[];
  columns: RunColumns;
}

/** The report in Markdown, whose links open VS Code. */
export function reportMarkdown(run: ReportedRun): string {
  const { info, columns } = run;
  const { diagnosis, comparison } = diagnosisAt(columns);
  const cite = citing(run);
  const sections = [`# Run ${code(info.run)}`, subject(info)];
  if (info.job !== 'probe') {
    sections.push(`**${cite('diagnosis', null, null)}**: ${diagnosisMeaning(diagnosis.kind)}`);
  }
  if (comparison?.source === 'evaluation') {
    const { before, after } = comparison;
    const rows = ['avg@k', 'maj@k', 'pass@k'].map(
      (name) => `| ${name} | ${cite(name, null, before.step)} | ${cite(name, null, after.step)} |`,
    );
    sections.push(
      [`| accuracy | step ${before.step} | step ${after.step} |`, '| --- | --- | --- |', ...rows].join('\n'),
    );
  }
  const views = run.problems.map(({ index }) => problemView(columns, index));
  const wrong = views.filter(({ quadrant }) => quadrant === 'confident-wrong');
  const broke = views.filter(({ verdict, flip }) => verdict === 'wrong' && flip?.from === 'correct');
  const fixed = views.filter(({ verdict, flip }) => verdict === 'correct' && flip?.from === 'wrong');
  sections.push(
    ...problemTable(run, cite, 'Confident & wrong', wrong),
    ...problemTable(run, cite, 'Wrong, and right before', broke),
    ...problemTable(run, cite, 'Right, and wrong before', fixed),
  );
  return `${sections.join('\n\n')}\n`;
}

function subject({ model, dataset, reward, step, steps, job }: RunInfo): string {
  const shown = (text: string | null) => (text === null ? DASH : code(text));
  const what = job === 'probe' ? 'A probe' : `${step} of ${steps ?? DASH} steps with ${shown(reward)}`;
  return `${what} of ${shown(model)} on ${shown(dataset)}.`;
}

type Cite = (name: string, problem: number | null, step: number | null) => string;

/** A value as a link to the place that it is about, which says it too. */
function citing({ info, problems, columns }: ReportedRun): Cite {
  return (name, problem, step) => {
    const value = claimValue(columns, name, problem, step ?? Number.POSITIVE_INFINITY);
    const place: PartialAddress = {
      folder: info.folder,
      ...(problem !== null && problemName(problems, problem)),
      step: step ?? columns.step,
      says: `${name}=${value}`,
    };
    const text = name === 'answer' ? code(value) : value;
    return `[${text}](<${addressText(place)}>)`;
  };
}

function problemTable({ problems }: ReportedRun, cite: Cite, title: string, views: readonly ProblemView[]): string[] {
  if (views.length === 0) return [];
  const rows = views.slice(0, MAX_LISTED_PROBLEMS).map(({ problem, verdict }) => {
    const { id } = problems[problem]!;
    const reference = referenceText(problems[problem]!);
    const since = verdict === 'wrong' ? cite('wrongSince', problem, null) : DASH;
    const share = cite('share', problem, null);
    return `| ${code(id)} | ${cite('answer', problem, null)} | ${reference === null ? DASH : code(reference)} | ${share} | ${since} |`;
  });
  const more = views.length > MAX_LISTED_PROBLEMS ? [`${views.length - MAX_LISTED_PROBLEMS} more.`] : [];
  return [
    `## ${title}: ${plural(views.length, 'problem')}`,
    ['| problem | majority | reference | share | wrong since step |', '| --- | --- | --- | --- | --- |', ...rows].join(
      '\n',
    ),
    ...more,
  ];
}
