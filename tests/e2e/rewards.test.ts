import { describe, expect, test } from 'vitest';
import { settingName } from '../../extension/editor-settings.ts';
import { runCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { type Theme, untilCount } from '../support/workbench.ts';

const STEPS = 14;
const THEMES: Theme[] = ['light', 'high-contrast', 'dark'];

const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
  { id: 'c', prompt: '2+2+5+1+7=', answer: '17' },
];

describe.runIf(requireVsCode())('rewards, forecasts and experiments', () => {
  const code = useVsCode({
    // A rate at which the model breaks within a few steps.
    settings: { [settingName('steps')]: STEPS, [settingName('learningRate')]: 1e-3 },
    files: {
      'problems.jsonl': PROBLEMS.map((p) => `${JSON.stringify(p)}\n`).join(''),
    },
  });

  test('a reward is chosen, breaks the model, and the panel says so', async () => {
    const { workbench } = code();
    await workbench.command('Rollscope: Choose Reward', { stays: true });
    await workbench.pickRow('Trajectory-level entropy').waitFor();
    for (const reward of ['Majority voting', 'Semantic clusters']) await workbench.pickRow(reward).first().waitFor();
    await workbench.shot('choose reward');
    await workbench.pick('Trajectory-level entropy');
    // What trains is in the settings now; a click sooner than that would train by what was there before.
    await workbench.statusItem('Rollscope reward: Trajectory-level entropy').waitFor();

    await workbench.command('Rollscope: Get Started');
    await workbench.page.getByRole('button', { name: 'Train the Embedded Model' }).click();
    const panel = await workbench.webview('rs-problems');
    await panel.locator('rs-header', { hasText: 'trajectory entropy' }).waitFor();
    await panel.locator('rs-header', { hasText: /forecast 0\.\d\d right/ }).waitFor();
    await panel.locator('rs-header', { hasText: `completed step ${STEPS} of ${STEPS}` }).waitFor();
    // What the watch said, with its reason, and what became of the forecast.
    const badge = panel.locator('rs-header .badge.collapse, rs-header .badge.watch');
    expect(await badge.textContent()).toMatch(/collapse since step \d+/);
    expect(await panel.locator('rs-header .reason').textContent()).toMatch(/ went from .* to /);
    await panel.locator('rs-header', { hasText: /ended 0\.\d\d.*AUROC/s }).waitFor();

    // The proxy is a mean log-probability, below 0: it has an axis of its own.
    await panel.locator('rs-curves svg text.own-axis', { hasText: /^[−-]/ }).first().waitFor();
    await panel.locator('rs-curves select').nth(1).selectOption('kl');
    await panel.locator('rs-curves h2', { hasText: /KL divergence.*\d nats/s }).waitFor();

    const likely = panel.locator('rs-problems .likely');
    const count = Number.parseInt((await likely.textContent()) ?? '', 10);
    await likely.click();
    await untilCount(panel.locator('rs-problems .cell'), count);
    await panel.locator('rs-problems .cell').first().click();
    await panel.locator('rs-inspector .prediction', { hasText: /P\(correct\).*likely wrong.*ended/s }).waitFor();
    await likely.click();
    await workbench.clearToasts();
    for (const theme of THEMES) {
      await workbench.theme(theme);
      await workbench.shot(`collapse ${theme}`);
    }

    await workbench.command('Rollscope: Analyze Run', { stays: true });
    await workbench.pickRow('completed').first().click();
    await until('the analysis is open', async () => /Confidence vs/.test(await workbench.editorText()));
    await workbench.shot('analysis');
  });

  test('a probe predicts what training would do', async () => {
    const { workbench, page } = code();
    await workbench.open('problems.jsonl');
    await workbench.codeLens('Probe this dataset').click();
    await (await workbench.webview('rs-problems')).locator('rs-header', { hasText: 'probe' }).waitFor();
    // The panel may stand in the same group: back to the file.
    await workbench.tab('problems.jsonl').click();
    await workbench
      .codeLens(/predicted majority: -?\d+ · P\(correct\) = \d\.\d\d/)
      .first()
      .waitFor();
    await untilCount(workbench.codeLens(/predicted majority/), PROBLEMS.length);
    await page
      .locator('.view-line', { hasText: '24-9-4=' })
      .first()
      .hover({ position: { x: 60, y: 8 } });
    await page
      .locator('.monaco-hover', { hasText: /Forecast.*P\(correct\)/s })
      .first()
      .waitFor();
    for (const theme of THEMES) {
      if (theme === 'light') await workbench.shot('forecast hover');
      await workbench.theme(theme);
      await workbench.shot(`forecast ${theme}`);
    }
  });

  // The test server's VS Code has no terminals, so the experiment runs beside it: the task that the command starts is
  // tested in tests/unit/extension-experiments.test.ts.
  test('an experiment is offered, and its report is shown in the theme', async () => {
    const { workbench, page, home } = code();
    await workbench.command('Rollscope: Run Experiment', { stays: true });
    await workbench.pickRow(/rise-then-fall.*about \d+ min/).waitFor();
    await workbench.shot('experiments');
    await page.keyboard.press('Escape');
    const size = ['--seeds', '1', '--steps', '2', '--limit', '4', '--parallel', '1'];
    const { code: status, stderr } = await runCli(['experiment', 'theory', ...size], { home });
    expect(status, stderr).toBe(0);

    await workbench.command('View: Close All Editors');
    await workbench.command('Rollscope: Open Experiment Report', { stays: true });
    await workbench.pickRow(/theory.*reproduced/).waitFor();
    await workbench.shot('reports');
    await workbench.pick('theory');
    const report = await workbench.webview('main section');
    expect(await report.locator('h1').textContent()).toMatch(/\w/);
    expect(await report.locator('.verdict').textContent()).toMatch(/criteria met/);
    await report.locator('figure svg').first().waitFor();
    for (const theme of THEMES) {
      await workbench.theme(theme);
      const background = await report.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(
        await report.evaluate<string>(`(() => {
        const probe = document.createElement('i');
        probe.style.color = 'var(--vscode-editor-background)';
        document.body.append(probe);
        const { color } = getComputedStyle(probe);
        probe.remove();
        return color;
      })()`),
      );
      await workbench.shot(`report ${theme}`);
    }

    await workbench.reload();
    await workbench.tab('Experiment: theory').waitFor();
    const again = await workbench.webview('main section');
    expect(await again.locator('.verdict').textContent()).toMatch(/criteria met/);
  });
});
