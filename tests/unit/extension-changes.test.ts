/** The problems of a run that changed sides: how each changed, what the command offers, and the two sides of the diff. */
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { beforeAndAfter, CHANGES, type ComparedViews, changeOf } from '../../engine/runs/moves.ts';
import type { ProblemView } from '../../engine/runs/problem-view.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { changeLines, changeTitle, sideChangeText } from '../../extension/change-text.ts';
import { changedProblems } from '../../extension/commands/changes.ts';
import { editor, type Row, resetEditor } from '../support/editor.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

let run: OpenRun;
let all: ComparedViews[];
beforeAll(async () => {
  const { folder } = await writeRunFixture(path.join(temporaryFolder(), 'run'), { problems: 40, votes: 4, steps: 6 });
  run = await OpenRun.read(folder);
  all = beforeAndAfter(run.columns, run.problems.length);
});
beforeEach(() => resetEditor());

function windowOn(shown: OpenRun | null) {
  const opened: string[] = [];
  const app = {
    panel: { shown, select: (problem: number) => opened.push(`problem ${problem}`) },
    library: { read: async () => run },
    viewer: { look: async () => run },
    changes: { open: async () => opened.push('diff') },
  };
  return { app: app as never, opened };
}

describe('how a problem changed', () => {
  const side = (change: Partial<ProblemView>) => ({ ...run.view(0), row: 1, ...change }) as ProblemView;
  const of = (before: Partial<ProblemView>, view: Partial<ProblemView>) =>
    changeOf({ before: side(before), view: side({ row: 2, ...view }) });
  const right = { answer: '1', verdict: 'correct' } as const;
  const wrong = { answer: '2', verdict: 'wrong' } as const;
  const unknown = { answer: '1', verdict: 'unknown' } as const;

  test('is described by verdict first, then by answer', () => {
    expect([of(right, wrong), of(wrong, right), of(wrong, { ...wrong, answer: '3' })]).toEqual([
      ...['broke', 'fixed', 'switched'],
    ]);
    // The same number in another spelling, and a run without labels.
    expect([of(right, { ...right, answer: '1.0' }), of(unknown, { ...unknown, answer: '4' })]).toEqual([
      ...[null, 'switched'],
    ]);
    const none = { answer: null, verdict: 'unknown' } as const;
    expect([of(unknown, none), of(none, unknown), of(none, none)]).toEqual(['lost', 'found', null]);
    // Not sampled since.
    expect([of(right, { ...wrong, row: 1 }), of(right, { ...wrong, row: null })]).toEqual([null, null]);
  });
});

describe('the command', () => {
  test('lists changed problems by the kind of change, and shows the selected one in the panel', async () => {
    const changed = all.map(changeOf);
    editor.answers = [(row: Row) => typeof row.problem === 'number'];
    const { app, opened } = windowOn(run);
    await changedProblems(app, undefined);
    const rows = editor.asked[0]!.items;
    const listed = rows.flatMap(({ problem }) => (typeof problem === 'number' ? problem : []));
    expect(listed.toSorted((a, b) => a - b)).toEqual(changed.flatMap((change, i) => (change === null ? [] : i)));
    expect(listed.length).toBeGreaterThan(0);
    expect(opened).toEqual([`problem ${listed[0]}`]);
    const headings = rows.filter(({ kind }) => kind !== undefined).map(({ label }) => label);
    const counted = CHANGES.map((change) => [change, changed.filter((item) => item === change).length] as const);
    expect(headings).toEqual(
      counted.filter(([, count]) => count > 0).map(([change, count]) => changeTitle(change, count)),
    );
    for (const row of rows) {
      if (typeof row.problem === 'number') expect(row.description).toBe(sideChangeText(all[row.problem]!));
    }
  });

  test('opens all of them in the diff editor', async () => {
    editor.answers = [(row: Row) => row.problem === null];
    const { app, opened } = windowOn(run);
    await changedProblems(app, undefined);
    expect(opened).toEqual(['diff']);
  });

  test('says so if nothing changed', async () => {
    const { folder } = await writeRunFixture(path.join(temporaryFolder(), 'still'), {
      problems: 2,
      votes: 2,
      steps: 0,
    });
    const still = await OpenRun.read(folder);
    const { app, opened } = windowOn(still);
    (app as { library: unknown }).library = { read: async () => still };
    await changedProblems(app, undefined);
    expect([editor.asked, opened, editor.shown.map(({ kind }) => kind)]).toEqual([[], [], ['information']]);
  });
});

test('the two sides differ only in the lines of changed problems', () => {
  const { problems } = run;
  const [before, after] = (['before', 'after'] as const).map((side) => changeLines(problems, all, side));
  expect([before!.length, after!.length]).toEqual([problems.length, problems.length]);
  const differing = before!.flatMap((line, i) => (line === after![i] ? [] : i));
  const changed = all.flatMap((item, i) => (changeOf(item) === null ? [] : i));
  for (const i of changed) expect(differing).toContain(i);
  for (const i of differing) {
    const { view, before: first } = all[i]!;
    expect(changed.includes(i) || view.status !== first.status || view.answer !== first.answer).toBe(true);
  }
});
