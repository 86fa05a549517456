/** What the verdict line offers where a run goes wrong: the step, and a fork from before it. */
import { beforeAll, expect, test, vi } from 'vitest';
import { wilson } from '../../../engine/protocol/wilson.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { buttons } from '../../../extension/panel/actions.ts';
import { Store } from '../../../webview/store.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { clicksOf } from './markup.ts';
import { changeHead, conversationOf, rendered, template } from './panel.ts';

let run: OpenRun;
beforeAll(async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, {
    ...{ problems: 6, votes: 4, steps: 12, every: 3 },
    labels: false,
  });
  run = await OpenRun.read(folder);
});

/** A panel whose run got an alarm at step 8, after all that was measured. */
async function alarmed() {
  const webview = new FakeWebview();
  const control = vi.fn(async () => {});
  conversationOf(webview, { control }).show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  const warnings = [{ seq: 99, code: 'collapse', message: 'It collapses.', step: 8 } as never];
  changeHead(store, { warnings, evaluations: [] });
  const press = (action: string) =>
    clicksOf(template(store, 'diagnosis'))
      .find(({ element }) => element.includes(`data-action="${action}"`))!
      .click();
  return { store, control, press };
}

test('a healthy run has no actions', async () => {
  const webview = new FakeWebview();
  conversationOf(webview).show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  expect(rendered(store, 'diagnosis')).not.toContain('<vscode-button');
});

test('an alarm links to its step, if it is not shown yet', async () => {
  const { store, press } = await alarmed();
  expect(rendered(store, 'diagnosis')).toContain('Look at step 8');
  press('look-at-since');
  expect(store.selection.step).toBe(8);
  expect(rendered(store, 'diagnosis')).not.toContain('data-action="look-at-since"');
});

test('a fork starts at the last checkpoint before the alarm, as in the notification', async () => {
  const { store, control, press } = await alarmed();
  expect(rendered(store, 'diagnosis')).toContain('Fork from step 6…');
  press('fork-healthy');
  await until('the fork is asked for', () => control.mock.calls.length > 0);
  const act = vi.fn(async () => {});
  await buttons(act).control('fork-healthy', run);
  expect(act).toHaveBeenCalledWith('forkRun', { folder: run.folder, step: 'healthy' });
});

/** An evaluation of 100 problems at a step. */
const measured = (step: number, mean: number) =>
  ({ type: 'evaluation', step, problems: 100, samples: 4, accuracy: wilson(100 * mean, 100) }) as never;

test('the line says why accuracy has not fallen yet, and that it fell later', async () => {
  const { store, press } = await alarmed();
  changeHead(store, { evaluations: [measured(0, 0.3), measured(6, 0.35), measured(12, 0.02)] });
  // At the latest step the numbers say the same as the word.
  expect(rendered(store, 'diagnosis')).not.toContain('data-beside');
  press('look-at-since');
  const html = rendered(store, 'diagnosis');
  expect(html).toContain('collapsing since step 8');
  expect(html).toContain('data-beside="standing"');
  expect(html.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ')).toContain(
    'accuracy had not fallen by step 6, and fell by step 12: 0.300 → 0.020',
  );
  changeHead(store, { evaluations: [measured(0, 0.3), measured(6, 0.35)] });
  expect(rendered(store, 'diagnosis')).not.toContain('and fell by');
  changeHead(store, { evaluations: [measured(0, 0.3), measured(8, 0.6)] });
  expect(rendered(store, 'diagnosis')).toContain('data-beside="risen"');
});

test('a run of another trainer has no checkpoints to fork from', async () => {
  const { store } = await alarmed();
  const told = store.columns.head.run!;
  changeHead(store, { run: { ...told, config: null } });
  const html = rendered(store, 'diagnosis');
  expect(html).toContain('Look at step 8');
  expect(html).not.toContain('fork-healthy');
  // What its import saw is said.
  expect(html).toContain('data-watch="collapse"');
});

test('without references it counts the problems whose votes and likelihoods disagree, and links to them', async () => {
  const webview = new FakeWebview();
  conversationOf(webview).show(run);
  const store = new Store(webview.page());
  await until('the run is shown', () => store.phase === 'run');
  store.selection.lookAt(1);
  const { groups } = store.columns;
  // The others are certain of every token.
  groups.columns.logprob.forEach((_, row) => {
    groups.columns.logprob[row] = groups.columns.share[row]! * groups.columns.majorityLogprob[row]!;
  });
  const part = clicksOf(template(store, 'diagnosis')).find(({ element }) => element.includes('data-part="unlikely"'))!;
  part.click();
  expect(store.selection.filter).toBe('lead<0');
  expect(rendered(store, 'diagnosis')).toContain(`vote against likelihood <b>${store.filtered.length}</b>`);
  expect(store.filtered.length).toBeGreaterThan(0);
});
