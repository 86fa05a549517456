/** Runs against each other: chosen in the Runs view and from the palette, looked at, and left for a problem of one of them. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { axeFindings } from '../support/browser.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCount, untilValue } from '../support/workbench.ts';

describe.runIf(requireVsCode())('comparing runs', () => {
  const code = useVsCode();

  beforeAll(async () => {
    const runs = path.join(code().home, 'runs');
    mkdirSync(runs, { recursive: true });
    await writeRunFixture(path.join(runs, 'eight-votes'), { problems: 24, steps: 30, every: 5 });
    await writeRunFixture(path.join(runs, 'four-votes'), { problems: 24, steps: 30, every: 5, votes: 4 });
    await writeRunFixture(path.join(runs, 'short'), { problems: 24, steps: 10, every: 5 });
  });

  test('two runs selected in the Runs view; a problem opens in either', async () => {
    const { workbench, page } = code();
    await workbench.views();
    const rows = workbench.treeRows('runs');
    await untilCount(rows, 3);
    await rows.nth(0).click();
    await workbench.tab(/^Rollscope: /).waitFor();
    await rows.nth(1).click({ modifiers: ['ControlOrMeta'] });
    await workbench.contextMenu(rows.nth(1), 'Compare Runs');
    await workbench.tab(/^Compare: /).waitFor();
    const compared = await workbench.webview('rs-compare [data-matched="24"]');
    await untilCount(compared.locator('[data-pair]'), 1);
    await compared.locator('figure .run-line.run1').first().waitFor();
    await compared.locator('[data-outcome="neither"]').click();
    const row = compared.locator('[data-problem]').first();
    const problem = await row.getAttribute('data-problem');
    await workbench.shot('compare');
    await workbench.inEachTheme(async (theme) => expect(await axeFindings(compared), theme).toEqual([]));
    const second = await compared.locator('tr[data-run]').nth(1).getAttribute('data-run');
    // From the keyboard: the filter, the answers, Enter.
    await compared.locator('[data-filter]').fill(`id:${problem}`);
    await untilCount(compared.locator('[data-problem]'), 1);
    await compared.locator('[data-problem] button').first().press('ArrowRight');
    await page.keyboard.press('Enter');
    const panel = await workbench.webview(`rs-inspector [data-problem="${problem}"]`);
    await panel.locator(`rs-header [data-run="${second}"]`).waitFor();
  });

  test('three runs from the palette; the comparison survives a reload', async () => {
    const { workbench, page } = code();
    await workbench.run('compareRuns', { stays: true });
    for (const run of ['eight-votes', 'four-votes', 'short']) await workbench.pick(run);
    await page.keyboard.press('Enter');
    const compared = await workbench.webview('rs-compare tr[data-run="short"]');
    await untilCount(compared.locator('[data-pair]'), 2);
    await compared.locator('tr[data-run="eight-votes"] input[type="number"]').fill('5');
    await page.keyboard.press('Enter');
    await compared.locator('tr[data-run="eight-votes"]', { hasText: 'latest' }).waitFor({ state: 'detached' });
    // The values of all runs at a step, zoom, and the chart as a file, from the keyboard.
    const chart = compared.locator('[data-curve="majorityShare"]');
    await chart.locator('.plot').press('Home');
    await chart.locator('.values', { hasText: /^step 0: A – · B – · C –$/ }).waitFor();
    await chart.locator('.plot').press('PageDown');
    await chart.locator('.plot').press('End');
    await chart.locator('.values', { hasText: /^step 30: A \d/ }).waitFor();
    await workbench.shot('compare three');
    await chart.locator('.plot').press('+');
    await compared.locator('[data-action="all-steps"]').click();
    const file = path.join(code().home, 'shares.csv');
    await chart.locator('summary').press('Enter');
    await chart.locator('[data-action="csv"]').click();
    await workbench.saveAs(file);
    await until('it is saved', () => existsSync(file) && readFileSync(file).length > 0);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(31);
    await workbench.reload();
    const again = await workbench.webview('rs-compare tr[data-run="short"]');
    await untilCount(again.locator('[data-pair]'), 2);
    await untilValue(again.locator('tr[data-run="eight-votes"] input[type="number"]'), '5');
  });

  test('cursor A of the panel is at a step of another run, and stays there after a reload', async () => {
    const { workbench } = code();
    const compared = await workbench.webview('rs-compare [data-action="open-with-a"]');
    await compared.locator('[data-action="open-with-a"]').first().click();
    const panel = await workbench.webview('rs-cursor-a-run [data-cursor-a-run]');
    const of = panel.locator('rs-cursor-a-run [data-cursor-a-run]');
    const other = (await of.getAttribute('data-cursor-a-run'))!;
    await panel.locator('rs-cursor-a-run [data-matched="24"]').waitFor();
    await panel.locator('rs-cursor-a-run input').fill('3');
    await panel.locator('rs-cursor-a-run input').press('Enter');
    await panel.locator('[data-action="settings-of-a"]').click();
    await panel.locator('rs-cursor-a-run [data-setting]').first().waitFor();
    await showPane(panel, 'charts');
    await panel.locator('rs-curves .curve.of-a').first().waitFor();
    await showPane(panel, 'problems');
    await panel.locator('rs-problems .line.problem').first().click();
    await showPane(panel, 'problem');
    await panel.locator('rs-inspector [data-action="beside"]').click();
    const before = panel.locator('rs-rollout-before');
    expect(await before.locator('b').first().textContent()).toMatch(new RegExp(`^A, ${other}, step [0-3]$`));
    await workbench.shot('cursor A at another run');
    await before.locator('[data-action="diff-before"]').click();
    await code().page.locator('.monaco-diff-editor').waitFor();

    await workbench.reload();
    await workbench
      .tab(/^Rollscope: /)
      .first()
      .click();
    const again = await workbench.webview(`rs-cursor-a-run [data-cursor-a-run="${other}"]`);
    await untilValue(again.locator('rs-cursor-a-run input'), '3');
    await again.locator('[data-action="leave-cursor-a-run"]').click();
    await untilCount(again.locator('rs-cursor-a-run [data-cursor-a-run]'), 0);
  });
});
