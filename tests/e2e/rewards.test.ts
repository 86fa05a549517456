import { describe, expect, test } from 'vitest';
import { forecastText } from '../../engine/protocol/forecast-text.ts';
import { rewards } from '../../engine/reward/index.ts';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { runCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, type Theme, untilCompleted, untilCount } from '../support/workbench.ts';

const STEPS = 14;
const REWARD = 'trajectory-entropy';
/** A forecast above its problem, with any answer and any probability. */
const FORECAST = new RegExp(
  forecastText({ answer: '16', right: 0.5 })
    .replace(/[^\w ]/g, '\\$&')
    .replace('16', '-?\\d+')
    .replace('0\\.50', '[01]\\.\\d\\d'),
);
const REPRODUCTION = /^reproduction (reproduced|partly|not)$/;
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

  test('a reward is chosen and breaks the model, and the panel says so', async () => {
    const { workbench } = code();
    await workbench.run('chooseReward', { stays: true });
    await workbench.pickRow(REWARD).waitFor();
    for (const reward of ['majority-vote', 'empo']) await workbench.pickRow(reward).first().waitFor();
    await workbench.shot('choose reward');
    await workbench.pick(REWARD);
    // The status bar confirms that the setting was written; a click sooner than that would train with the previous reward.
    await workbench.statusItem(rewards.find(({ name }) => name === REWARD)!.title).waitFor();

    await workbench.run('getStarted');
    await workbench.walkthrough('train');
    const panel = await workbench.webview('rs-problems');
    await panel.locator(`rs-header [data-reward="${REWARD}"]`).waitFor();
    const forecast = panel.locator('rs-diagnosis [data-predicted]');
    await forecast.waitFor();
    expect(await forecast.getAttribute('data-predicted')).toMatch(/^0\.\d{3}$/);
    await untilCompleted(panel, STEPS);
    // The alarm of the watch, with its reasons, and the score of the forecast.
    const alarm = panel.locator('rs-diagnosis [data-watch="collapse"], rs-diagnosis [data-watch="watch"]');
    expect(Number(await alarm.getAttribute('data-since'))).toBeGreaterThan(0);
    expect(await alarm.locator('[data-part="reasons"]').textContent()).toMatch(/\d.*\d/);
    await panel.locator('rs-diagnosis [data-measured]').waitFor();
    expect(await forecast.getAttribute('data-measured')).toMatch(/^0\.\d{3}$/);

    // The proxy is a mean log-probability, below 0: it has an axis of its own.
    await showPane(panel, 'charts');
    await panel.locator('rs-curves svg text.own-axis', { hasText: /^-/ }).first().waitFor();
    await panel.locator('rs-curves select').nth(1).selectOption('kl');
    await panel
      .locator('rs-curves [data-metric="kl"]', { hasText: /\d\.\d/ })
      .first()
      .waitFor();

    await showPane(panel, 'problems');
    const predicted = panel.locator('rs-problems .predicted');
    const count = Number(await predicted.getAttribute('data-count'));
    await predicted.click();
    await panel.locator(`rs-problems [data-matching="${count}"]`).waitFor();
    await panel.locator('rs-problems .line.problem').first().click();
    const outcome = ['correct', 'wrong'].map(
      (verdict) => `.prediction[data-predicted="wrong"][data-outcome="${verdict}"]`,
    );
    await panel.locator('rs-inspector').locator(outcome.join(', ')).waitFor();
    await showPane(panel, 'problems');
    await predicted.click();
    await workbench.clearToasts();
    await workbench.shot('collapse');

    await workbench.runAndPick('analyzeRun', 'completed');
    await workbench.tab(/^analyze .*\.txt/).waitFor();
    await until('the analysis is open', async () => (await workbench.editorText()).includes(REWARD));
    await workbench.shot('analysis');
  });

  test('a probe predicts what training would do', async () => {
    const { workbench, page } = code();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.probe).click();
    await (await workbench.webview('rs-problems')).locator('rs-header [data-job="probe"]').waitFor();
    // The panel may stand in the same group: back to the file.
    await workbench.tab('problems.jsonl').click();
    // Of the problem at the cursor.
    await untilCount(workbench.codeLens(FORECAST), 1);
    await page
      .locator('.view-line', { hasText: '24-9-4=' })
      .first()
      .hover({ position: { x: 60, y: 8 } });
    await page
      .locator('.monaco-hover', { has: page.locator('table') })
      .first()
      .waitFor();
    await workbench.shot('forecast hover');
  });

  // The test server's VS Code has no terminals, so the experiment runs next to it: the task that the command starts is
  // tested in tests/unit/extension-experiments.test.ts.
  test('an experiment is offered, and its report is shown in the theme', async () => {
    const { workbench, page, home } = code();
    await workbench.run('runExperiment', { stays: true });
    await workbench.pickRow(/rise-then-fall.*\d+ min/).waitFor();
    await workbench.shot('experiments');
    await page.keyboard.press('Escape');
    const size = ['--seeds', '1', '--steps', '2', '--limit', '4', '--parallel', '1'];
    const { code: status, stderr } = await runCli(['experiment', 'theory', ...size], { home });
    expect(status, stderr).toBe(0);

    await workbench.command('View: Close All Editors');
    await workbench.run('openReport', { stays: true });
    await workbench.pickRow('theory').waitFor();
    await workbench.shot('reports');
    await workbench.pick('theory');
    const report = await workbench.webview('main section');
    expect(await report.locator('h1').textContent()).toMatch(/\w/);
    expect(await report.locator('.reproduction').getAttribute('class')).toMatch(REPRODUCTION);
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
    expect(await again.locator('.reproduction').getAttribute('class')).toMatch(REPRODUCTION);
  });
});
