/** Runs of other trainers that a window follows: an alarm is told of once, with what can be done about such a run. */
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { diagnosisText } from '../../engine/protocol/diagnosis.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { FollowedRuns } from '../../extension/imports/followed-runs.ts';
import type { ImportJob } from '../../extension/imports/imports.ts';
import { followingItem } from '../../extension/imports/status.ts';
import { Notices } from '../../extension/notices.ts';
import { writeVerlSteps } from '../support/collapsing-dump.ts';
import { editor, resetEditor } from '../support/editor.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const open: FollowedRuns[] = [];
afterEach(() => {
  for (const followed of open.splice(0)) followed.dispose();
  resetEditor();
});

/** A window that follows what a trainer writes below `root`, as far as `import` was called. */
function window(root: string, { isRestored = false } = {}) {
  const [source, folder] = [path.join(root, 'logs'), path.join(root, 'runs', 'followed')];
  const progress = new Emitter<{ steps: number }>();
  const change = new Emitter<void>();
  const job = { folder, isRestored, progress: null, name: 'logs', request: { source }, onDidProgress: progress.event };
  const imports = { following: [job as unknown as ImportJob], onDidChange: change.event };
  const told: { text: string; buttons: string[] }[] = [];
  const ask = async (text: string, buttons: object) => {
    told.push({ text, buttons: Object.keys(buttons) });
  };
  const looked = vi.fn((_run: OpenRun, _step: number) => {});
  const notices = new Notices({ log() {}, ask } as never, looked);
  const report = (error: unknown) => {
    throw error;
  };
  const followed = new FollowedRuns({ imports, grown: (run, since) => notices.alarm(run, since), report });
  open.push(followed);
  const item = followingItem(imports as never, followed);
  return {
    ...{ followed, told, item, job },
    /** The trainer has written steps up to this one, and they were imported. */
    import: async (first: number, last: number) => {
      writeVerlSteps(source, first, last);
      await importFrom(source, folder);
      progress.fire({ steps: last });
    },
    leave: () => {
      imports.following.splice(0);
      change.fire();
    },
  };
}

const shown = () => editor.statusItems.find(({ text }) => text.includes('Following'))!;

describe('a followed run that collapses', () => {
  test('is reported once: notification, status bar, and its line in the list', async () => {
    const { followed, told, import: importSteps, leave, job } = window(temporaryFolder());
    expect(followed.runs).toEqual([]);
    await importSteps(1, 5);
    await until('the run is open', () => followed.runs[0]?.columns.step === 5);
    expect(followed.of(job as never)).toBe(followed.runs[0]);
    expect(told).toEqual([]);
    await until('the item has its text', () => shown() !== undefined);
    expect(shown().backgroundColor).toBeUndefined();

    await importSteps(6, 14);
    await until('it has collapsed', () => followed.runs[0]?.diagnosis?.kind === 'collapsing');
    await until('it was told of', () => told.length > 0);
    const [run] = followed.runs;
    const text = diagnosisText(run!.diagnosis!);
    expect(text).toMatch(/^collapsing since step \d+$/);
    expect(told[0]!.text).toContain(`Run followed: ${text}.`);
    // It is not ours to pause, and has no checkpoints to fork from.
    expect(told[0]!.buttons).toEqual(['Look at Step']);
    expect(run!.info.diagnosis).toEqual(run!.diagnosis);
    await until('the item says so', () => shown().text.includes(text));
    expect(shown().backgroundColor).toMatchObject({ id: 'statusBarItem.errorBackground' });

    await importSteps(15, 17);
    await until('it has grown', () => followed.runs[0]?.columns.step === 17);
    expect(told).toHaveLength(1);
    leave();
    expect(followed.runs).toEqual([]);
  });

  test('before this window followed it is not reported again', async () => {
    const root = temporaryFolder();
    writeVerlSteps(path.join(root, 'logs'), 1, 14);
    await importFrom(path.join(root, 'logs'), path.join(root, 'runs', 'followed'));
    const again = window(root, { isRestored: true });
    await again.import(15, 16);
    await until('the run is open', () => again.followed.runs[0]?.columns.step === 16);
    await until('the item says so', () => shown()?.text.includes('collapsing since step'));
    expect(again.told).toEqual([]);
  });
});
