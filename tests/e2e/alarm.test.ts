/** A run that collapses while the panel is closed: the status item, the tree and one notification say so, and lead on. */
import { describe, test } from 'vitest';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { untilCount } from '../support/workbench.ts';

/** Collapses within some twenty steps, and lasts long enough to be steered. */
const COLLAPSES = {
  model: 'embedded',
  dataset: { path: 'embedded', limit: 16 },
  ...{ reward: 'self-certainty', optimizer: { lr: 2e-4 }, watch: 'warn', steps: 5_000, seed: 3, device: 'cpu' },
  ...{ batch: 8, votes: 6, group: 6 },
  evaluation: { samples: 4, every: 1_000, greedy: false },
  checkpoint: { every: 4, keep: 20 },
};
const ALARM = /collapsing since step \d+/;

describe.runIf(requireVsCode())('a run that collapses', () => {
  const code = useVsCode({
    files: { 'rollscope.json': JSON.stringify({ configurations: { collapses: COLLAPSES } }, null, 2) },
  });

  /** Starts the configuration from its lens, leaves the panel, and waits for the alarm. */
  async function alarm() {
    const { workbench } = code();
    await workbench.open('rollscope.json');
    await workbench.codeLens('Train').first().click();
    await workbench.statusItem(/\d+\/5000/).waitFor();
    await workbench
      .tab(/^Rollscope: /)
      .first()
      .waitFor();
    await workbench.command('View: Close All Editors');
    await workbench.views();
    return workbench.notification(ALARM);
  }

  async function stop() {
    const { workbench } = code();
    await workbench.run('stop');
    await workbench.statusItem(/^\s*Rollscope\s*$/).waitFor();
  }

  test('says so in status bar, tree and notification, which shows the step', async () => {
    const { workbench } = code();
    const told = await alarm();
    await workbench.shot('alarm');
    await workbench.statusItem(ALARM).waitFor();
    await workbench.treeRows('runs', ALARM).first().waitFor();
    const [, step] = /since step (\d+)/.exec((await told.textContent())!)!;
    await told.getByRole('button', { name: 'Look at Step' }).click();
    const panel = await workbench.webview('rs-scrubber [role="slider"]');
    await panel.locator(`rs-scrubber [role="slider"][aria-valuenow="${step}"]`).waitFor();
    // The view of that step: what was known then.
    await panel.locator(`rs-diagnosis [data-watch="collapse"][data-since="${step}"]`).waitFor();
    await workbench.shot('alarm looked at');
    await stop();
  });

  test('is paused from the notification, which comes once', async () => {
    const { workbench, page } = code();
    await (await alarm()).getByRole('button', { name: 'Pause' }).click();
    await workbench.statusItem(/paused/).waitFor();
    await workbench.command('Notifications: Show Notifications');
    await untilCount(page.locator('.notification-list-item', { hasText: ALARM }), 0);
    await stop();
  });

  test('is forked from its last healthy checkpoint', async () => {
    const { workbench } = code();
    await (await alarm()).getByRole('button', { name: 'Fork from Last Healthy' }).click();
    await workbench.pick('Start the fork at step');
    const busy = await workbench.notification('Only one run can be active');
    await busy.getByRole('button', { name: 'Stop It and Start This' }).click();
    // Below its parent.
    await workbench.treeRows('runs').and(code().page.locator('[aria-level="2"]')).first().waitFor();
    await workbench.shot('forked after the alarm');
    await stop();
  });
});
