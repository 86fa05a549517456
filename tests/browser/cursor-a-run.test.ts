/** Cursor A at a step of another run, in a browser: named on the command line, chosen in the page, kept over a reload. */
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { axeFindings, requireBrowser, useBrowser } from '../support/browser.ts';
import { startCli, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';
import { untilCount } from '../support/workbench.ts';

describe.runIf(requireBrowser())('rollscope view with two runs', () => {
  const viewer = useBrowser();

  async function serve(...others: string[]) {
    const home = temporaryFolder();
    const write = (name: string, votes: number, steps: number) =>
      writeRunFixture(path.join(home, 'runs', name), { seed: 7, problems: 12, every: 5, votes, steps });
    await write('second', 8, 20);
    await write('first', 4, 10);
    await write('third', 4, 10);
    const server = startCli(['view', 'second', ...others], { home });
    onTestFinished(() => server.end());
    const [address] = await server.printed(/http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/);
    return address!;
  }

  test('compares with a step of the other run, and with no run that was not named', async () => {
    const page = await viewer().open(await serve('first'));
    await page.locator('rs-cursor-a summary').click();
    await untilCount(page.locator('rs-cursor-a button[data-choice]'), 1);
    await page.locator('rs-cursor-a button[data-choice="first"]').click();
    await page.locator('rs-cursor-a-run [data-cursor-a-run="first"] [data-matched="12"]').waitFor();
    await page.locator('rs-cursor-a-run input').fill('4');
    await page.keyboard.press('Enter');
    await page.locator('rs-curves .curve[stroke-dasharray]').first().waitFor();
    await page.locator('[data-action="settings-of-a"]').click();
    await page.locator('rs-cursor-a-run [data-setting="steps"]').waitFor();
    expect(await axeFindings(page)).toEqual([]);

    await page.locator('rs-problems .line.problem').first().click();
    await page.locator('rs-inspector [data-action="beside"]').click();
    await page.locator('rs-rollout-before [data-rollout-before]').waitFor();
    expect(await page.locator('rs-rollout-before b').first().textContent()).toMatch(/^A, first, step [0-4]$/);
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });

    await page.reload();
    await page.locator('rs-cursor-a-run [data-cursor-a-run="first"]').waitFor();
    expect(await page.locator('rs-cursor-a-run input').inputValue()).toBe('4');

    // From the keyboard, back to the run itself.
    await page.locator('[data-action="leave-cursor-a-run"]').press('Enter');
    await untilCount(page.locator('rs-cursor-a-run [data-cursor-a-run]'), 0);
  });

  test('saves the whole chart of problems over time', async () => {
    const page = await viewer().open(await serve());
    for (const [type, begins] of [
      ['svg', '<svg'],
      ['png', '\u0089PNG'],
      ['csv', 'problem,step'],
    ] as const) {
      const menu = page.locator('[data-save="problems-over-time"]');
      await menu.locator('summary').click();
      const download = page.waitForEvent('download');
      await menu.locator(`[data-action="${type}"]`).click();
      const file = await (await download).path();
      const { readFileSync } = await import('node:fs');
      await until('it is written', () => readFileSync(file).length > 0);
      expect(readFileSync(file, 'latin1').startsWith(begins)).toBe(true);
    }
  });
});
