import { describe, expect, test } from 'vitest';
import { settingName } from '../../extension/editor-settings.ts';
import { startCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';

/** More than a run reaches while a window reloads on a slow machine: each test ends its run itself. */
const STEPS = 2_000;
const LIVE = '[data-status="running"][data-live="true"]';

describe.runIf(requireVsCode())('a run in the editor', () => {
  const code = useVsCode({ settings: { [settingName('steps')]: STEPS } });

  /** Waits until the panel's header has these attributes, and returns its run and step. */
  async function header(attributes: string): Promise<{ run: string; step: number }> {
    const panel = await code().workbench.webview('rs-problems');
    const line = panel.locator(`rs-header .line${attributes}`);
    await line.waitFor();
    const [run, step] = await Promise.all(['data-run', 'data-step'].map((name) => line.getAttribute(name)));
    return { run: run!, step: Number(step) };
  }

  /** Waits until the run is live and has reached a step. */
  async function reached(step: number): Promise<{ run: string; step: number }> {
    return until(`the run is at step ${step}`, async () => {
      const found = await header(LIVE);
      return found.step >= step ? found : null;
    });
  }

  test('continues while the window reloads, and its panel reconnects', async () => {
    const { workbench } = code();
    await workbench.run('getStarted');
    await workbench.walkthrough('train');
    const before = await reached(3);
    const engines = code().enginePids();
    expect(engines).toHaveLength(1);

    await workbench.reload();
    const after = await header(LIVE);
    expect(after.run).toBe(before.run);
    expect(after.step).toBeGreaterThanOrEqual(before.step);
    expect(code().enginePids()).toEqual(engines);
    // It is followed, not only read: the next steps arrive, and the run can be controlled from here.
    await reached(after.step + 1);
    await workbench.run('pause');
    await header('[data-status="paused"]');
    await workbench.statusIcon('debug-pause').waitFor();
    await workbench.shot('paused after reload');
    await workbench.run('resume');
    await header(LIVE);
  });

  test('is interrupted when its engine is killed, resumes from there, and can be stopped', async () => {
    const { workbench } = code();
    const [engine] = code().enginePids();
    const before = await header(LIVE);
    process.kill(engine!, 'SIGKILL');
    await header('[data-status="interrupted"]');
    await workbench.notification(before.run);
    await workbench.shot('engine killed');
    await workbench.answerNotification(before.run);
    const resumed = await header(LIVE);
    expect(resumed.run).toBe(before.run);
    await until('another engine is alive', () =>
      code()
        .enginePids()
        .some((pid) => pid !== engine),
    );
    const { step } = await reached(resumed.step + 1);
    const panel = await workbench.webview('rs-problems');
    await panel.locator('rs-header [data-action="stop"]').click();
    expect((await header('[data-status="stopped"]')).step).toBeGreaterThanOrEqual(step);
    expect(code().logs()).not.toMatch(/\[error\](?!.*vscode\.git|.*fs-copyfile)/);
  });

  test('started in a terminal can be attached to and stopped, and ends in the terminal', async () => {
    const { workbench, home } = code();
    const terminal = startCli(['train', '--steps', '3000', '--eval-samples', '0'], { home });
    await terminal.printed(/step +[1-9]/i);
    await workbench.run('attach');
    const panel = await workbench.webview('rs-problems');
    await panel.locator(`rs-header .line${LIVE}[data-steps="3000"]`).waitFor();
    await panel.locator('rs-header [data-action="stop"]').click();
    await panel.locator('rs-header .line[data-status="stopped"][data-steps="3000"]').waitFor();
    const { stdout, stderr } = await terminal.ended;
    expect(stdout + stderr).toMatch(/stopped/i);
  });
});
