/** Panel, editor and terminal say the same of every problem, at every step. */
import { beforeAll, expect, test, vi } from 'vitest';
import { problemResult, problemTable } from '../../../engine/cli/problem-table.ts';
import { readShownGroup } from '../../../engine/cli/show/group.ts';
import { openColumns } from '../../../engine/runs/open.ts';
import { FileResults } from '../../../extension/editor/results.ts';
import { hoverText, resultText } from '../../../extension/editor/texts.ts';
import { OpenRun } from '../../../extension/run/open-run.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { panelOn } from './panel.ts';

beforeAll(() => {
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setImmediate(callback));
});

test('panel, lens, hover and terminal show the same group of every problem', async () => {
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

  for (const { problem, view } of panel.rows) {
    const result = lenses.find({ ...problem, prompt: problem.text })!;
    const mark = view.verdict === 'correct' ? '✓' : '✗';
    const tie = view.status === 'tie' ? ' (tie)' : '';
    expect(resultText(result.view)).toBe(`${mark} ${Math.round(view.share! * 100)}% ${view.answer}${tie}`);
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
    panel.lookAt(step);
    for (const { problem, view } of panel.rows) {
      const { detail } = await readShownGroup(folder, columns, problem, { step, phase: undefined });
      expect(detail).toMatchObject({ phase: view.phase, step: view.step });
      expect(detail.majority?.answer ?? null).toBe(view.answer);
    }
  }
  // An evaluation is recorded behind the training of its step.
  panel.lookAt(4);
  expect(panel.rows.every(({ view }) => view.phase === 'evaluation')).toBe(true);
  panel.lookAt(5);
  expect(panel.rows.every(({ view }) => view.phase === 'train')).toBe(true);
});
