/**
 * Pictures of everything but the panel, to be looked at in each theme: a problem file with lenses, results and hovers, a
 * rollout, analysis and rescoring, the report of an experiment, the views. `npm run pictures` takes them.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { writeForeignRun } from '../support/foreign-run.ts';
import { runCli } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCount } from '../support/workbench.ts';

const WINDOW = { width: 1400, height: 1000 };
const CHAINS: readonly [question: string, answer: string][] = [
  ['3+9+4=', '16'],
  ['24-9-4=', '11'],
  ['2+2+5+1+7=', '17'],
  ['18-6-5=', '7'],
  ['1+6+6+4+6+7=', '30'],
];
const ROWS = CHAINS.map(([question, answer], i) => JSON.stringify({ id: `chain-${i + 1}`, question, answer }));
const TRAINED = ['--steps', '6', '--batch', '5', '--eval-every', '0', '--eval-samples', '8', '--device', 'cpu'];
const SMALL = ['--seeds', '1', '--steps', '4', '--limit', '6', '--parallel', '1'];

describe.runIf(requireVsCode())('pictures', () => {
  const code = useVsCode({ files: { 'chains.jsonl': `${ROWS.join('\n')}\n` } });

  beforeAll(async () => {
    const { home, folder } = code();
    const data = path.join(folder, 'chains.jsonl');
    mkdirSync(path.join(home, 'runs'), { recursive: true });
    for (const args of [
      ['train', data, '--model', 'embedded', '--name', 'votes', ...TRAINED],
      ['experiment', 'theory', ...SMALL],
    ]) {
      const { code: status, stderr } = await runCli(args, { home });
      expect(status, stderr).toBe(0);
    }
    await writeForeignRun(path.join(home, 'runs', 'foreign'), { steps: 6 });
    await code().page.setViewportSize(WINDOW);
  });

  async function inEachTheme(name: string): Promise<void> {
    const { workbench } = code();
    await workbench.clearToasts();
    await workbench.inEachTheme((theme) => workbench.shot(`${name} ${theme}`));
  }

  test('of a problem file, with a hover', async () => {
    const { workbench, page } = code();
    await workbench.views();
    await workbench
      .treeRows('runs', /majority-vote/)
      .first()
      .waitFor();
    await workbench.open('chains.jsonl');
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    await until('results', async () => (await workbench.decorations()).some((text) => /[✓✗]/.test(text)));
    await inEachTheme('editor lenses');
    await workbench.inEachTheme(async (theme) => {
      const line = page.locator('.view-line', { hasText: '24-9-4=' }).first();
      await line.hover({ position: { x: 60, y: 8 } });
      await page
        .locator('.monaco-hover', { has: page.locator('table') })
        .first()
        .waitFor();
      await workbench.shot(`editor hover ${theme}`);
    });
  });

  test('of the views', async () => {
    const { workbench, page } = code();
    await workbench.views();
    for (const name of [/majority-vote/, /accuracy_reward/]) {
      await workbench.treeRows('runs', name).first().click();
      await workbench.treeRows('runs', name).first().press('ArrowRight');
    }
    await workbench.command('View: Close All Editors');
    await inEachTheme('views');
    await workbench
      .treeRows('runs', /majority-vote/)
      .first()
      .hover();
    await page.locator('.monaco-hover').first().waitFor();
    await workbench.shot('views hover');
  });

  test('of a rollout as a document', async () => {
    const { workbench } = code();
    await workbench.runAndPick('openRun', 'votes');
    const panel = await workbench.webview('rs-problems');
    await showPane(panel, 'problems');
    await panel.locator('rs-problems [data-problem]').first().click();
    await showPane(panel, 'problem');
    await panel.locator('rs-inspector tr[data-rollout]').first().click();
    await showPane(panel, 'rollout');
    await panel.locator('[data-action="open-rollout"]').first().click();
    await until('the rollout is open', async () => (await workbench.editorText()).includes('####'));
    await inEachTheme('rollout document');
  });

  test.each([
    ['analyzeRun', 'analysis'],
    ['rescoreRun', 'rescoring'],
  ] as const)('of %s', async (command, name) => {
    const { workbench } = code();
    await workbench.command('View: Close All Editors');
    await workbench.runAndPick(command, 'votes');
    await until('its text', async () => /AUROC/.test(await workbench.editorText()));
    await inEachTheme(name);
  });

  test("of an experiment's report", async () => {
    const { workbench } = code();
    await workbench.command('View: Close All Editors');
    await workbench.runAndPick('openReport', 'theory');
    const report = await workbench.webview('main section');
    await report.locator('figure svg').first().waitFor();
    await inEachTheme('report');
    for (const at of [0.25, 0.5, 0.75, 1]) {
      await report.evaluate(`window.scrollTo(0, ${at} * document.documentElement.scrollHeight)`);
      await workbench.shot(`report at ${at * 100}`);
    }
  });
});
