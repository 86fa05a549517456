/** A run that collapses while the panel is closed: the status item, the tree and one notification say so, and lead on. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { axeFindings } from '../support/browser.ts';
import { startCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { takeShot, untilCompleted, untilCount } from '../support/workbench.ts';

/** Collapses within some twenty steps, and lasts long enough to be steered. */
const COLLAPSES = {
  model: 'embedded',
  dataset: { path: 'embedded', limit: 16 },
  ...{ reward: 'self-certainty', optimizer: { lr: 2e-4 }, watch: 'warn', steps: 5_000, seed: 3, device: 'cpu' },
  ...{ batch: 8, votes: 6, group: 6 },
  evaluation: { samples: 4, every: 1_000, greedy: false },
  checkpoint: { every: 4, keep: 20 },
};
/** Trains on more rollouts than vote, which is refused. */
const CLASHES = {
  ...{ model: 'embedded:W', dataset: { path: 'embedded', limit: 4 }, steps: 2, votes: 4, group: 16, device: 'cpu' },
  evaluation: { samples: 0, greedy: false },
};
const ALARM = /collapsing since step \d+/;

describe.runIf(requireVsCode())('a run that collapses', () => {
  const code = useVsCode({
    files: {
      'rollscope.json': JSON.stringify({ configurations: { collapses: COLLAPSES, clashes: CLASHES } }, null, 2),
    },
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

  function newestRun(): string {
    const runs = path.join(code().home, 'runs');
    return path.join(runs, readdirSync(runs).sort().at(-1)!);
  }

  async function stop() {
    const { workbench } = code();
    await workbench.run('stop');
    await workbench.statusItem(/^\s*Rollscope\s*$/).waitFor();
  }

  test('is reported in the status bar, the tree and a notification that shows the step', async () => {
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

    // In a browser, too, while it trains.
    const { home, page } = code();
    const server = startCli(['view', newestRun()], { home });
    onTestFinished(() => server.end());
    const [address] = await server.printed(/http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/);
    const browser = await page
      .context()
      .browser()!
      .newPage({ viewport: { width: 1400, height: 900 } });
    onTestFinished(() => browser.close());
    await browser.goto(address!);
    await browser.locator('rs-diagnosis [data-diagnosis="collapsing"]').waitFor();
    const reached = async () => Number(await browser.locator('rs-header [data-step]').getAttribute('data-step'));
    const shownFirst = await reached();
    await until('the browser follows the run', async () => (await reached()) > shownFirst);
    await untilCount(browser.locator('[data-action="pause"], [data-action="stop"]'), 0);
    await takeShot(browser, 'alarm in a browser');
    await stop();
  });

  test('is paused from the notification, which appears once', async () => {
    const { workbench, page } = code();
    await (await alarm()).getByRole('button', { name: 'Pause' }).click();
    await workbench.statusItem(/paused/).waitFor();
    await workbench.command('Notifications: Show Notifications');
    await untilCount(page.locator('.notification-list-item', { hasText: ALARM }), 0);

    // How long it pauses is no time of its steps.
    const records = async () => (await readRunFolder(newestRun())).records;
    const timeOf = async (event: string) => {
      const found = (await records()).findLast((record) => record.type === 'lifecycle' && record.event === event);
      return found ? Date.parse(found.time) : null;
    };
    await until('it has been paused for a while', async () => Date.now() - (await timeOf('paused'))! > 2000);
    await workbench.run('resume');
    await until('it continues', async () => (await timeOf('continued')) !== null);
    const after = await until('a step follows', async () => {
      const since = await timeOf('continued');
      return (await records()).find((record) => record.type === 'step' && Date.parse(record.time) > since!) ?? null;
    });
    const [paused, continued] = [(await timeOf('paused'))!, (await timeOf('continued'))!];
    const steps = (await records()).filter((record) => record.type === 'step');
    const before = steps[steps.findIndex(({ seq }) => seq === after.seq) - 1]!;
    const between = Date.parse(after.time) - Date.parse(before.time);
    const seconds = after.type === 'step' ? after.timing.seconds! : Number.NaN;
    expect(1000 * seconds).toBeLessThan(between - (continued - paused) + 500);
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

  test('with conflicting settings fails in the panel, which links to their lines and removes them', async () => {
    const { workbench, page } = code();
    await workbench.open('rollscope.json');
    await workbench.codeLens('Train').nth(1).click();
    const failed = await workbench.webview('rs-start [data-start="failed"]');
    expect(await failed.locator('rs-start h2').textContent()).toBe('Could not start configuration clashes');
    await untilCount(failed.locator('rs-start tr[data-setting]'), 2);
    await workbench.shot('failed configuration');
    await workbench.inEachTheme(async (theme) => expect(await axeFindings(failed), theme).toEqual([]));
    await failed.locator('rs-start tr[data-setting="group"] button.setting').press('Enter');
    await page.locator('.editor-group-container.active .view-line', { hasText: '"group"' }).first().waitFor();
    await workbench.run('openPanel');
    const again = await workbench.webview('rs-start [data-start="failed"]');
    await again.locator('rs-start [data-answer="usual"]').click();
    await untilCompleted(await workbench.webview('rs-problems'), 2);
  });
});
