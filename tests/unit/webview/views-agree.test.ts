/** Panel, editor, terminal, exports and reports say the same of every problem, at every step. */
import { expect, test } from 'vitest';
import { runs } from '../../../engine/cli/commands/runs.ts';
import { problemResult, problemTable } from '../../../engine/cli/problem-table.ts';
import { remarkOf } from '../../../engine/cli/progress.ts';
import { readShownGroup } from '../../../engine/cli/show/group.ts';
import { showRollout } from '../../../engine/cli/show/rollout.ts';
import { showRun } from '../../../engine/cli/show/run.ts';
import { evaluatedChanges } from '../../../engine/experiments/parts/changes.ts';
import { readRunFolder } from '../../../engine/journal/reader.ts';
import { STEP_METRICS, TERMINAL_METRICS } from '../../../engine/protocol/metrics.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { type RolloutRow, rolloutRows } from '../../../engine/runs/export/rows.ts';
import { openColumns } from '../../../engine/runs/open.ts';
import { copyOf } from '../../../engine/runs/problem-view.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { FileResults } from '../../../extension/editor/results.ts';
import { hoverText, resultText } from '../../../extension/editor/texts.ts';
import { headerValues } from '../../../extension/rollout/layout.ts';
import { choiceOf } from '../../../webview/charts/metrics.ts';
import { writeForeignRun } from '../../support/foreign-run.ts';
import { FakeOutput } from '../../support/output.ts';
import { keepPrinted } from '../../support/printed.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { panelOn, readSelected, rendered } from './panel.ts';

const printed = keepPrinted();

async function exported(folder: string): Promise<RolloutRow[]> {
  const rows: RolloutRow[] = [];
  for await (const row of rolloutRows(folder)) rows.push(row);
  return rows;
}

/** The rows of a problem's group that an export marks as what the run says of it, each without what is its rollout's own. */
function currentIn(rows: readonly RolloutRow[], problem: number) {
  return rows
    .filter((row) => row.problem === problem && row.current)
    .map(({ phase, step, voteStatus, majorityAnswer, majorityShare, verdict }) => ({
      ...{ phase, step, verdict },
      ...{ status: voteStatus, answer: majorityAnswer, share: majorityShare },
    }));
}

test('panel, lens, hover, terminal, export and report show the same group of every problem', async () => {
  const dataset = `${temporaryFolder()}/sums.jsonl`;
  // Evaluated at the steps 0, 4, 8 and 9, trained on at each step: votes of different phases stand side by side.
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, {
    problems: 16,
    votes: 8,
    steps: 9,
    every: 4,
    dataset,
  });
  const run = await OpenRun.read(folder);
  const panel = await panelOn(run);
  const lenses = new FileResults(run, dataset);
  const columns = await openColumns(folder);
  const rows = await exported(folder);
  const { records, problems } = await readRunFolder(folder);
  const report = new Map(
    evaluatedChanges({ id: 'run', config: run.file.config!, folder, records, problems }).map((change) => [
      change.id,
      change,
    ]),
  );

  for (const { problem, view } of panel.rows) {
    const { phase, step, status, answer, share, verdict } = view;
    expect(currentIn(rows, problem.index)).toEqual(
      Array.from({ length: view.rollouts }, () => ({ phase, step, status, answer, share, verdict })),
    );
    expect(report.get(problem.id)).toMatchObject({
      label: { after: verdict === 'correct' },
      accuracy: { after: view.accuracy },
    });
    const result = lenses.find({ ...problem, prompt: problem.text })!;
    const mark = view.verdict === 'correct' ? '✓' : '✗';
    const tie = view.status === 'tie' ? 'tie, ' : '';
    expect(resultText(result.view)).toBe(`${mark} ${view.answer} (${tie}share ${view.share!.toFixed(2)})`);
    expect(hoverText(result, 'command:x')).toContain(`Step ${view.step} of run`);
    const shown = problemResult(problem, columns)!;
    expect(shown).toMatchObject({ majority: view.answer, share: view.share, correct: view.verdict === 'correct' });
    const cells = problemTable([shown]).split('\n')[1]!.split(/ {2,}/);
    expect(cells.slice(0, 6)).toEqual([
      problem.id,
      String(problem.line),
      view.verdict,
      view.share!.toFixed(2),
      view.confidence!.toFixed(2),
      `${view.answer}${tie}`,
    ]);
  }
  for (const step of [0, 1, 4, 5, 8]) {
    panel.selection.lookAt(step);
    for (const { problem, view } of panel.rows) {
      const { detail } = await readShownGroup(folder, columns, problem, { step, phase: undefined });
      expect(detail).toMatchObject({ phase: view.phase, step: view.step });
      expect(detail.majority?.answer ?? null).toBe(view.answer);
    }
  }
  // An evaluation is recorded after the training of its step.
  panel.selection.lookAt(4);
  expect(panel.rows.every(({ view }) => view.phase === 'evaluation')).toBe(true);
  panel.selection.lookAt(5);
  expect(panel.rows.every(({ view }) => view.phase === 'train')).toBe(true);
});

test('they also agree about a run of another trainer: ties, problems without answers, labels or rollouts', async () => {
  const { folder, dataset, problems } = await writeForeignRun(`${temporaryFolder()}/run`);
  const run = await OpenRun.read(folder);
  const panel = await panelOn(run);
  const lenses = new FileResults(run, dataset);
  const columns = await openColumns(folder);
  const rows = await exported(folder);
  expect(panel.rows).toHaveLength(problems.length);
  for (const { problem, view } of panel.rows) {
    const { phase, step, status, answer, share, verdict } = view;
    const lens = lenses.find({ ...problem, prompt: problem.text });
    const terminal = problemResult(problem, columns);
    if (view.row === null) {
      expect([lens, terminal, currentIn(rows, problem.index)]).toEqual([undefined, null, []]);
      continue;
    }
    expect(lens!.view).toEqual(copyOf(view));
    expect(terminal).toMatchObject({ majority: answer, share });
    expect(terminal!.correct).toBe(verdict === 'unknown' ? null : verdict === 'correct');
    expect(currentIn(rows, problem.index)).toEqual(
      Array.from({ length: view.rollouts }, () => ({ phase, step, status, answer, share, verdict })),
    );
    const { detail } = await readShownGroup(folder, columns, problem, { step: undefined, phase: undefined });
    expect(detail).toMatchObject({ phase, step });
  }
});

test('the same number looks the same everywhere: digits belong to quantities, not to views', async () => {
  const root = `${temporaryFolder()}`;
  const { folder } = await writeRunFixture(`${root}/run`, { problems: 4, votes: 6, steps: 3, every: 3 });
  const run = await OpenRun.read(folder);
  const { records } = await readRunFolder(folder);
  const problem = run.problems[1]!;
  const columns = await openColumns(folder);
  const panel = await panelOn(run);
  panel.selection.select(problem.index);
  panel.selection.lookAt(2);
  await readSelected(panel);
  const rows = [...rendered(panel, 'inspector').matchAll(/<tr [^>]*data-rollout="\d+"[^>]*>(.*?)<\/tr>/g)].map(
    ([, row]) => row!.replace(/<[^>]*>/g, ' ').split(/\s+/),
  );
  const shown = await readShownGroup(folder, columns, problem, { step: 2, phase: 'train' });
  expect(rows).toHaveLength(shown.detail.rollouts.length);
  for (const [index, rollout] of shown.detail.rollouts.entries()) {
    const place = { run: run.run, step: 2, phase: 'train', problem, index, of: rows.length };
    const document = headerValues({ ...place, imported: false, why: '', rollout });
    const output = new FakeOutput();
    showRollout(output, shown, index + 1);
    const terminal = (name: string) => new RegExp(`^${name} +(\\S+)`, 'm').exec(output.text)![1]!;
    const row = rows.find((cells) => cells.includes(String(index + 1)))!;
    expect(row).toContain(terminal('reward'));
    expect(document.reward).toMatch(new RegExp(`^${terminal('reward')}, `));
    expect(document.entropy).toMatch(new RegExp(`^${terminal('entropy')} `));
    expect(document.probability).toMatch(new RegExp(`^${terminal('confidence')} `));
    expect(row).toContain(document.logprob.split(' ')[0]);
    if (rollout.advantage === null) continue;
    expect(row).toContain(terminal('advantage'));
    expect(document.reward).toContain(`advantage ${terminal('advantage')}`);
  }

  // Of a step: the charts of the panel and the curves of the terminal.
  const output = new FakeOutput();
  const { problems } = run;
  await showRun(output, { folder, problems, columns, step: undefined });
  const last = { metrics: records.findLast((record) => record.type === 'step')!.metrics };
  const curves = output.text.split('\n').filter((line) => /[▁▂▃▄▅▆▇█]/.test(line));
  expect(curves.length).toBeGreaterThan(5);
  for (const metric of TERMINAL_METRICS) {
    const line = curves.find((curve) => curve.startsWith(`${STEP_METRICS[metric].title.toLowerCase()}  `));
    const chart =
      choiceOf(metric)?.text(last.metrics[metric]) ?? quantityText(STEP_METRICS[metric].quantity, last.metrics[metric]);
    if (line) expect(chart.split(' ')[0], metric).toBe(line.trim().split(/ {2,}/).at(-1));
  }

  // Of an evaluation: the remark during the run, the table after it, and the list of runs.
  const evaluation = records.findLast((record) => record.type === 'evaluation')!;
  const accuracy = quantityText('accuracy', evaluation.accuracy!.mean);
  expect(remarkOf(evaluation)).toContain(`accuracy ${accuracy} (`);
  expect(output.text).toMatch(new RegExp(`^accuracy \\(avg@\\d+\\) .* ${accuracy} \\(`, 'm'));
  printed.text = '';
  await runs({ out: root });
  expect(printed.text).toContain(` ${accuracy} `);
});
