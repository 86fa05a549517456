import { describe, expect, test } from 'vitest';
import { settingName } from '../../extension/editor-settings.ts';
import { startCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';

/** Few enough that a busy machine finishes what is left after the kill within one wait. */
const STEPS = 24;

describe.runIf(requireVsCode())('a run in the editor', () => {
  const code = useVsCode({ settings: { [settingName('steps')]: STEPS } });

  async function header(text: RegExp): Promise<string> {
    const panel = await code().workbench.webview('rs-problems');
    const found = panel.locator('rs-header .line', { hasText: text });
    await found.waitFor();
    return ((await found.textContent()) ?? '').trim().replace(/\s+/g, ' ');
  }

  const stepIn = (text: string) => Number(/step (\d+) of/.exec(text)![1]);

  test('goes on while the window reloads, and its panel takes it up again', async () => {
    const { workbench } = code();
    await workbench.command('Rollscope: Get Started');
    await workbench.page.getByRole('button', { name: 'Train the Embedded Model' }).click();
    const before = await header(/step ([3-9]|\d\d) of/);
    const engines = code().enginePids();
    expect(engines).toHaveLength(1);

    await workbench.reload();
    const after = await header(/step \d+ of \d+.*tokens\/s/s);
    expect(after.split(' ')[0]).toBe(before.split(' ')[0]);
    expect(stepIn(after)).toBeGreaterThanOrEqual(stepIn(before));
    expect(code().enginePids()).toEqual(engines);
    // It is followed, not only read: the next steps arrive, and the run is steered from here.
    await header(new RegExp(`step (${stepIn(after) + 1}|${stepIn(after) + 2}|${stepIn(after) + 3}) of`));
    await workbench.command('Rollscope: Pause Run');
    await header(/paused step/);
    await workbench.statusItem(/paused/).waitFor();
    await workbench.shot('paused after reload');
    await workbench.command('Rollscope: Resume Run');
    await header(/tokens\/s.*Pause/s);
  });

  test('is interrupted when its engine is killed, and resumed to its end', async () => {
    const { workbench } = code();
    const [engine] = code().enginePids();
    const before = await header(/step \d+ of \d+.*tokens\/s/s);
    process.kill(engine!, 'SIGKILL');
    await header(/interrupted/);
    await workbench.toast(/interrupted/).waitFor();
    await workbench.shot('engine killed');
    await workbench.toastButton(/interrupted/, 'Resume');
    const resumed = await header(/step \d+ of \d+.*tokens\/s/s);
    expect(resumed.split(' ')[0]).toBe(before.split(' ')[0]);
    await until('another engine works', () =>
      code()
        .enginePids()
        .some((pid) => pid !== engine),
    );
    await header(new RegExp(`completed step ${STEPS} of ${STEPS}`));
    expect(code().logs()).not.toMatch(/\[error\](?!.*vscode\.git|.*fs-copyfile)/);
  });
});

describe.runIf(requireVsCode())('a run that a terminal started', () => {
  const code = useVsCode();

  test('is taken up by the editor, steered from there, and told of in the terminal', async () => {
    const { workbench, home } = code();
    const terminal = startCli(['train', '--steps', '200', '--eval-samples', '0'], { home });
    await terminal.printed(/step +[1-9]/i);
    await workbench.command('Rollscope: Attach to Run');
    const panel = await workbench.webview('rs-problems');
    await panel.locator('rs-header .line', { hasText: /step \d+ of 200.*tokens\/s/s }).waitFor();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.locator('rs-header .line', { hasText: /stopped step \d+ of 200/ }).waitFor();
    const { stdout, stderr } = await terminal.ended;
    expect(stdout + stderr).toMatch(/stopped/i);
  });
});
