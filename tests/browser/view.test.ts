/** A run in a browser: the panel that VS Code shows, served by `rollscope view`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { axeFindings, PREFERENCES, type Preference, prefer, requireBrowser, useBrowser } from '../support/browser.ts';
import { writeForeignRun } from '../support/foreign-run.ts';
import { runCli, temporaryFolder } from '../support/processes.ts';
import { step } from '../support/records.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';
import { untilCount } from '../support/workbench.ts';

describe.runIf(requireBrowser())('rollscope view', () => {
  const viewer = useBrowser();

  /** What axe finds in a page as it is, in every theme: a theme changes nothing but colors. */
  async function inThemes(page: Page, what: string): Promise<string[]> {
    const found: string[] = [];
    for (const preference of Object.keys(PREFERENCES) as Preference[]) {
      await prefer(page, preference);
      await page.locator(`body[data-vscode-theme-kind="vscode-${preference}"]`).waitFor();
      found.push(...(await axeFindings(page)).map((finding) => `${preference}, ${what}: ${finding}`));
    }
    return found;
  }

  async function view(name: string, write: (folder: string) => Promise<unknown>) {
    const home = temporaryFolder();
    await write(path.join(home, 'runs', name));
    return viewer().serve(name, home);
  }

  test('shows a run, its problems and rollouts, keeps the selection, and offers nothing that changes the run', async () => {
    const { address } = await view('healthy', (folder) => writeRunFixture(folder, { problems: 8, steps: 6, every: 3 }));
    const page = await viewer().open(address);
    await page.locator('rs-problems .line.problem').nth(2).click();
    await page.locator('rs-inspector [data-rollout="2"]').click();
    await page.locator('rs-rollout [data-rollout="2"]').waitFor();
    expect(await page.title()).toBe('healthy - Rollscope');
    const actions = page.locator('[data-action="open-rollout"], [data-action="choose-run"], [data-action="resume"]');
    await untilCount(actions, 0);
    const problem = await page.locator('rs-inspector [data-problem]').getAttribute('data-problem');
    await page.reload();
    await page.locator(`rs-inspector [data-problem="${problem}"]`).waitFor();
    await page.locator('rs-rollout [data-rollout="2"]').waitFor();
  });

  test('keeps its layout at the size that VS Code gives the page of a hidden panel, and only there', async () => {
    const { address } = await view('hidden', (folder) => writeRunFixture(folder, { problems: 8, steps: 6, every: 3 }));
    const page = await viewer().open(address);
    const tabs = page.locator('[data-tab]');
    await page.locator('rs-problems .line.problem').first().waitFor();
    await page.evaluate("drawn = document.querySelector('rs-app').shadowRoot.querySelector('rs-problems')");
    const isSame = "drawn === document.querySelector('rs-app').shadowRoot.querySelector('rs-problems')";
    const { width, height } = page.viewportSize()!;
    await page.setViewportSize({ width: 300, height: 150 });
    // Observers of a size are told after the layout of a frame, and what they change is drawn in the next.
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    expect(await page.evaluate(isSame)).toBe(true);
    await page.setViewportSize({ width, height });
    expect(await page.evaluate(isSame)).toBe(true);
    await page.setViewportSize({ width: 301, height: 600 });
    await tabs.first().waitFor();
    expect(await page.evaluate(isSame)).toBe(false);
  });

  test('explains why a filter finds nothing, and clears it', async () => {
    const { address } = await view('filtered', (folder) =>
      writeRunFixture(folder, { problems: 8, steps: 4, every: 2 }),
    );
    const page = await viewer().open(address);
    const field = page.locator('rs-problems rs-filter input');
    const problems = page.locator('rs-problems .line.problem');
    const why = page.locator('rs-problems [data-nothing-found]');
    await untilCount(problems, 8);
    // In the same moment: what is typed next is text.
    const focused = await page.evaluate<boolean>(`(() => {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true, composed: true }));
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element?.matches('[data-filter]') ?? false;
    })()`);
    expect(focused).toBe(true);
    await page.keyboard.type('majority:correct "in no text"');
    await why.locator('[data-word="majority:correct"]:not([data-count="0"])').waitFor();
    await why.locator(`[data-word='"in no text"'][data-count="0"]`).waitFor();
    await untilCount(problems, 0);
    expect(await inThemes(page, 'nothing found')).toEqual([]);
    await why.locator('[data-action="clear-filter"]').click();
    await untilCount(problems, 8);
    // The field has the focus again; Escape closes its list, then empties it.
    await page.keyboard.type('nowhere');
    await why.waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await untilCount(problems, 8);
    expect(await field.inputValue()).toBe('');
  });

  test('redraws only the rollout pane when the shading changes', async () => {
    const { address } = await view('shaded', (folder) => writeRunFixture(folder, { problems: 8, steps: 4, every: 2 }));
    const page = await viewer().open(address);
    const shading = page.locator('rs-rollout [data-shading]');
    await shading.waitFor();
    await page.evaluate(`drawn = []; for (const name of ['rs-inspector', 'rs-problems', 'rs-curves', 'rs-header', 'rs-rollout']) {
      const { prototype } = customElements.get(name);
      const { render } = prototype;
      prototype.render = function () { drawn.push(name); return render.call(this); };
    }`);
    // What was asked for before may arrive meanwhile, and is drawn too.
    let turn = 0;
    await until('only the rollout is drawn', async () => {
      await page.evaluate('drawn = []');
      await shading.selectOption(turn++ % 2 === 0 ? 'entropy' : 'surprise');
      await until('it is drawn', () => page.evaluate("drawn.includes('rs-rollout')"));
      return (await page.evaluate('[...new Set(drawn)].join()')) === 'rs-rollout';
    });
  });

  test('has charts with a common hover line, a zoomed range of steps, and numbers to save', async () => {
    const { address } = await view('charts', (folder) => writeRunFixture(folder, { problems: 8, steps: 20, every: 5 }));
    const page = await viewer().open(address);
    const plots = page.locator('rs-curves .plot');
    await plots.first().hover();
    await untilCount(page.locator('rs-curves line.hover'), 4);
    await plots.first().focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    await page.locator('rs-curves h2', { hasText: /evaluation 0\.\d+ \(0\.\d+ to/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('rs-inspector [data-step="5"]').waitFor();
    const box = (await plots.nth(1).boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.locator('rs-curves [data-action="all-steps"]').click();
    const summary = page.locator('rs-curves [data-chart="entropy"] summary');
    await summary.click();
    const download = page.waitForEvent('download');
    await page.locator('rs-curves [data-chart="entropy"] [data-action="csv"]').click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('charts-entropy.csv');
    expect(readFileSync((await saved.path())!, 'utf8').split('\n')).toHaveLength(22);
    await summary.click();
    const drawing = page.waitForEvent('download');
    await page.locator('rs-curves [data-chart="entropy"] [data-action="png"]').click();
    const png = readFileSync((await (await drawing).path())!);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });

  test('has histograms whose bins filter the problems, and shows a rollout of A next to one of B', async () => {
    const { address } = await view('binned', (folder) => writeRunFixture(folder, { problems: 12, steps: 6, every: 3 }));
    const page = await viewer().open(address);
    await page.locator('rs-curves [data-action="histograms"]').press('Enter');
    const bins = page.locator('rs-histograms [data-histogram="share"] [data-bin]');
    await bins.first().waitFor();
    const counts = await Promise.all((await bins.all()).map((bin) => bin.getAttribute('data-count')));
    const last = counts.findLastIndex((count) => Number(count) > 0);
    await bins.first().focus();
    for (let i = 0; i < last; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.locator(`rs-problems [data-matching="${counts[last]}"]`).waitFor();
    expect(await page.locator('rs-problems [data-filter]').inputValue()).toMatch(/^share>=/);
    await page.locator('rs-histograms [data-action="clear-bins"]').click();
    await until(
      'the filter is empty',
      async () => (await page.locator('rs-problems [data-filter]').inputValue()) === '',
    );
    await page.keyboard.press('b');
    await page.locator('rs-rollout-before [data-rollout-before]').waitFor();
    await page.locator('rs-rollout [data-token="1"]').click();
    await page.locator('rs-rollout [data-token="3"]').click({ modifiers: ['Shift'] });
    await untilCount(page.locator('rs-rollout .tokens .hit'), 3);
  });

  test('computes other rewards as columns, and the calibration of a step', async () => {
    const { address } = await view('computed', (folder) =>
      writeRunFixture(folder, { problems: 8, steps: 4, every: 2 }),
    );
    const page = await viewer().open(address);
    await page.locator('rs-problems .line.problem').nth(2).click();
    await page.locator('rs-scrubber [role="slider"]').press('ArrowLeft');
    // What is drawn when the group of the step arrives takes the place of what was there.
    await page.locator('rs-inspector [data-phase="train"]').waitFor();
    await page.locator('rs-inspector tr[data-rollout]').first().waitFor();
    await page.locator('rs-inspector .rewards summary').press('Enter');
    const choice = page.locator('rs-inspector [data-reward-choice]');
    await choice.first().waitFor();
    const reward = await choice.first().getAttribute('data-reward-choice');
    await choice.first().check();
    await page.locator('rs-inspector th', { hasText: reward! }).first().waitFor();
    await page.locator('rs-curves [data-action="histograms"]').press('Enter');
    await page.locator('rs-histograms [data-histogram="share"] [data-bin]').first().waitFor();
    const found = await inThemes(page, 'rewards as columns, histograms');
    await page.locator('[data-view="calibration"]').click();
    await page.locator('rs-calibration tr[data-measure]').first().waitFor();
    await page.locator('[data-action="find"]').click();
    await page.locator('rs-find [data-find-text]:focus').waitFor();
    await page.keyboard.type('a');
    await page.keyboard.press('Enter');
    await page.locator('rs-find [data-find="found"]').waitFor();
    found.push(...(await inThemes(page, 'calibration, find')));
    expect(found).toEqual([]);
  });

  test('follows a run that is being written', async () => {
    const options = { problems: 4, steps: 3, outcome: 'running' as const };
    let append = (_: number): unknown => undefined;
    const { address } = await view('live', async (folder) => {
      const journal = await createFixtureJournal(folder, options);
      onTestFinished(() => journal.close());
      await playFixture(journal, { ...options, steps: 1 });
      append = (n) => {
        const { seq: _, time: __, ...record } = step(0, n);
        return journal.append(record);
      };
    });
    const page = await viewer().open(address);
    await page.locator('rs-header [data-step="1"]').waitFor();
    append(2);
    await page.locator('rs-header [data-step="2"]').waitFor();
  });

  test('reports a lost connection and a wrong token', async () => {
    const { address, server } = await view('gone', (folder) => writeRunFixture(folder, { problems: 2, steps: 1 }));
    const stranger = await viewer().open(address.replace(/token=.*/, 'token=x'), 'dark', /401/);
    await stranger.locator('[role="alert"]', { hasText: 'no longer valid' }).waitFor();
    const page = await viewer().open(address, 'dark', /Failed to load resource|ERR_/);
    await page.locator('[data-ready]').waitFor();
    await server.end();
    await page.locator('[role="alert"]', { hasText: 'Reconnecting' }).waitFor();
    await page.locator('rs-problems .line.problem').first().waitFor();
  });

  test('is written as one file by rollscope report, which needs no server and says what it lacks', async () => {
    const home = temporaryFolder();
    await writeRunFixture(path.join(home, 'runs', 'sent'), { problems: 6, steps: 4, every: 2 });
    const file = path.join(home, 'sent.html');
    const ended = await runCli(['report', 'sent', '--html', file, '--json', '--megabytes', '0'], { home });
    expect(JSON.parse(ended.stdout)).toMatchObject({ run: 'sent', path: file, groups: 0 });
    const empty = await viewer().open(pathToFileURL(file).href);
    await empty.locator('rs-inspector .failure', { hasText: 'does not contain' }).waitFor();
    await runCli(['report', 'sent', '--html', file], { home });
    const page = await viewer().open(pathToFileURL(file).href, 'light');
    await page.locator('rs-problems .line.problem').nth(2).click();
    await page.locator('rs-inspector [data-rollout="2"]').click();
    await page.locator('rs-rollout [data-rollout="2"]').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  /** Each opens in another theme: what is here otherwise opens in the dark one. */
  const runs: { name: string; theme: Preference; write: (folder: string) => Promise<unknown> }[] = [
    {
      name: 'labeled',
      theme: 'light',
      write: (folder) => writeRunFixture(folder, { problems: 12, steps: 6, every: 3 }),
    },
    {
      name: 'unlabeled',
      theme: 'high-contrast',
      write: (folder) => writeRunFixture(folder, { problems: 6, steps: 4, labels: false }),
    },
    { name: 'imported', theme: 'high-contrast-light', write: (folder) => writeForeignRun(folder, { steps: 3 }) },
  ];

  test.each(runs)(
    'has no serious axe violations, in four themes, wide and narrow: $name',
    async ({ name, theme, write }) => {
      const { address } = await view(name, write);
      const found: string[] = [];
      const page = await viewer().open(address, theme);
      await page.locator('rs-inspector [data-rollout]').first().waitFor();
      const note = async (what: string) => found.push(...(await inThemes(page, what)));
      await note('wide');
      await page.keyboard.press('?');
      await page.locator('dialog[open]').waitFor();
      await note('keys');
      await page.keyboard.press('?');
      await page.setViewportSize({ width: 900, height: 900 });
      const tabs = page.locator('[data-tab]');
      await tabs.first().waitFor();
      for (let i = 0; i < (await tabs.count()); i++) {
        await tabs.nth(i).click();
        await until('the tab is shown', async () => (await tabs.nth(i).getAttribute('aria-selected')) === 'true');
        await note(`tab ${i + 1}`);
      }
      expect(found).toEqual([]);
    },
  );
});
