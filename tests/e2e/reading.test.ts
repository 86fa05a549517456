/** Reading: filters that complete themselves, the document of a rollout from the keyboard, and rows that cannot be read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { UNREADABLE_ROW } from '../../extension/editor/texts.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCount, untilValue } from '../support/workbench.ts';

const ROWS = [
  '{"id": "a", "prompt": "What is 1 + 2?", "answer": "3"}',
  '{"id": "b", "prompt": "What is 2 + 2?, "answer": "4"}',
  '{"id": "c", "prompt": "What is 3 + 4?", "answer": "7"}',
];

describe.runIf(requireVsCode())('reading', () => {
  const code = useVsCode({ files: { 'rows.jsonl': `${ROWS.join('\n')}\n` } });

  beforeAll(async () => {
    const runs = path.join(code().home, 'runs');
    mkdirSync(runs, { recursive: true });
    await writeRunFixture(path.join(runs, 'read'), { problems: 12, steps: 6, every: 3 });
    // A run on a file of the window, whose rows have a column more.
    const dataset = path.join(code().folder, 'sums.jsonl');
    const { problems } = await writeRunFixture(path.join(runs, 'sums'), { problems: 12, steps: 6, every: 3, dataset });
    const rows = problems.map(({ id, text, answer }, i) => ({
      id,
      prompt: text,
      answer,
      level: i % 2 ? 'hard' : 'easy',
    }));
    writeFileSync(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });

  async function panel(run = 'read') {
    const { workbench } = code();
    await workbench.views();
    await workbench.treeRows('runs', run).first().click();
    const shown = await workbench.webview(`rs-header [data-run="${run}"]`);
    await shown.locator('rs-problems .line.problem').first().waitFor();
    return shown;
  }

  test('a filter term is completed from the keyboard, and shows what it finds', async () => {
    const { workbench, page } = code();
    const shown = await panel();
    await showPane(shown, 'problems');
    await shown.locator('rs-problems .list').press('/');
    const filter = shown.locator('rs-problems rs-filter input');
    await shown.locator('rs-problems rs-filter input:focus').waitFor();
    await page.keyboard.type('maj');
    const terms = shown.locator('rs-problems rs-filter [role="option"]');
    await untilCount(terms, 3);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await shown.locator('rs-problems rs-filter [role="option"][aria-selected="true"]', { hasText: 'wrong' }).waitFor();
    await workbench.shot('filter completed');
    await page.keyboard.press('Enter');
    await untilValue(filter, 'majority:wrong ');
    const count = shown.locator('rs-problems [data-matching]');
    await until('it filters', async () => {
      const [matching, all] = [await count.getAttribute('data-matching'), await count.getAttribute('data-problems')];
      return Number(matching) > 0 && Number(matching) < Number(all);
    });
    // What wants a value stays to be typed on; Escape closes the list and leaves what is there.
    await page.keyboard.type('gai');
    await untilCount(terms, 1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await untilValue(filter, 'majority:wrong gained>');
    await filter.fill('');
    await page.keyboard.type('s');
    await terms.first().waitFor();
    await page.keyboard.press('Escape');
    await untilCount(terms, 0);
    await untilValue(filter, 's');
    await filter.fill('');
  });

  test('everything in the panel is reachable from the keyboard, responds at once, and needs no unsafe content', async () => {
    const { workbench, page } = code();
    const shown = await panel();
    await showPane(shown, 'problem');
    await shown.locator('rs-inspector tr[data-rollout]').first().waitFor();
    const attribute = (selector: string, name: string) => () => shown.locator(selector).first().getAttribute(name);
    const problem = attribute('rs-inspector [data-problem]', 'data-problem');
    const rollout = attribute('rs-inspector tr[data-rollout][aria-selected="true"]', 'data-rollout');
    const step = attribute('rs-scrubber [role="slider"]', 'aria-valuenow');
    await shown.locator('rs-scrubber [role="slider"]').focus();
    for (const [there, back, value] of [
      ['n', 'p', problem],
      ['[', ']', step],
      ['j', 'k', rollout],
    ] as const) {
      const before = await value();
      await page.keyboard.press(there);
      await until(`${there} moves`, async () => (await value()) !== before);
      await page.keyboard.press(back);
      await until(`${back} moves back`, async () => (await value()) === before);
    }
    // Of a table and of a list one row is a tab stop, and arrows go to the others.
    await untilCount(shown.locator('rs-inspector tr[data-rollout][tabindex="0"]'), 1);
    await shown.locator('rs-inspector tr[data-rollout][tabindex="0"]').press('ArrowDown');
    await until('the arrow moves', async () => (await rollout()) === '2');
    await untilCount(shown.locator('rs-problems [role="row"][tabindex]'), 0);
    await page.keyboard.press('?');
    await shown.locator('dialog[open]').waitFor();
    await workbench.shot('keys');
    await page.keyboard.press('?');
    await untilCount(shown.locator('dialog'), 0);
    await page.keyboard.press('Enter');
    await workbench.tab(/, rollout 2/).waitFor();

    const policy = await shown.evaluate<string>(
      `document.querySelector('meta[http-equiv="Content-Security-Policy"]').content`,
    );
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    // The window of the tests asks for reduced motion.
    await shown.locator('body.vscode-reduce-motion').waitFor({ state: 'attached' });
    expect(await shown.evaluate<number>('document.getAnimations().length')).toBe(0);
    await workbench.command('View: Close Editor');
  });

  test('the document of a rollout has an outline, folding and hovers, and links to its neighbors', async () => {
    const { workbench, page } = code();
    const shown = await panel();
    const slider = shown.locator('rs-scrubber [role="slider"]');
    await slider.press('Home');
    for (let i = 0; i < 4; i++) await slider.press('ArrowRight');
    await showPane(shown, 'problem');
    await shown.locator('rs-inspector [data-phase="train"][data-step="4"]').waitFor();
    await shown.locator('rs-inspector tr[data-rollout="2"]').click();
    await shown.locator('rs-inspector tr[data-rollout="2"][tabindex="0"]').press('Enter');
    await workbench.tab(/step 4, rollout 2/).waitFor();
    await until('it is read', async () => (await workbench.editorText()).includes('Response'));

    // What is long and read last is folded when it opens.
    const folded = page.locator('.editor-group-container.active .codicon-folding-collapsed');
    await untilCount(folded, 1);
    await workbench.command('Go to Symbol in Editor...', { stays: true });
    for (const symbol of ['Problem', 'Response']) await workbench.pickRow(symbol).first().waitFor();
    await workbench.shot('outline of a rollout');
    // Not that of the section that is called after it.
    await workbench.pick(/Answer(?!,)/);
    await workbench.command('Show or Focus Hover');
    const hover = page.locator('.monaco-hover', { has: page.locator('table') });
    await hover.filter({ hasText: 'Probability' }).first().waitFor();
    await workbench.shot('hover of a token');
    await page.keyboard.press('Escape');

    const neighbors = [
      ['nextRollout', 4, 3],
      ['previousRollout', 4, 2],
      ['nextStepOfRollout', 5, 2],
      ['previousStepOfRollout', 4, 2],
    ] as const;
    for (const [command, step, rollout] of neighbors) {
      await workbench.run(command);
      await workbench.tab(`step ${step}, rollout ${rollout}`).waitFor();
      const place = `step ${step} (train), rollout ${rollout} of 8`;
      await until(place, async () => (await workbench.editorText()).includes(place));
    }
    // Also where the next one is asked for before the one before has opened.
    await page.locator('.editor-group-container.active .editor-actions [aria-label^="Next Rollout"]').dblclick();
    await workbench.tab('step 4, rollout 4').waitFor();
    // One document follows, instead of a row of tabs.
    await untilCount(workbench.tab(/rollout \d/), 1);
  });

  test('a problem in a file shows its curve in a hover, and a quick pick opens it and its rollouts', async () => {
    const { workbench, page } = code();
    const shown = await panel('sums');
    await workbench.open('sums.jsonl');
    await until('results', async () => (await workbench.decorations()).some((text) => /[✓✗]/.test(text)));
    await page
      .locator('.editor-group-container.active .view-line', { hasText: 'sum-02' })
      .hover({ position: { x: 90, y: 8 } });
    const hover = page.locator('.monaco-hover', { hasText: 'Steps 1 to 6' });
    await hover.first().waitFor();
    await workbench.shot('hover of a problem');
    await page.keyboard.press('Escape');

    await workbench.runAndPick('pickProblem', 'sum-05');
    await workbench.pick('rollout 3:');
    await showPane(shown, 'rollout');
    await shown.locator('rs-rollout [data-rollout="3"]').waitFor();
    await showPane(shown, 'problem');
    await shown.locator('rs-inspector [data-problem="sum-05"]').waitFor();

    await showPane(shown, 'problems');
    await shown.locator('rs-problems [data-order="grouping"]').selectOption('column:level');
    for (const level of ['easy', 'hard']) await shown.locator(`rs-problems [data-group="${level}"]`).waitFor();
    await shown.locator('rs-problems [data-order="grouping"]').selectOption('quadrant');
  });

  test('an unreadable row is listed in the Problems view until it is deleted', async () => {
    const { workbench, page } = code();
    await workbench.views();
    await workbench.open('rows.jsonl');
    await page.locator('.editor-group-container.active .squiggly-warning').first().waitFor();
    await workbench.command('Problems: Focus on Problems View');
    const problem: Locator = page.locator('.markers-panel .monaco-list-row', { hasText: UNREADABLE_ROW });
    await untilCount(problem, 1);
    await problem.dblclick();
    await workbench.shot('row that cannot be read');
    await page.keyboard.press('End');
    await workbench.command('Delete Line');
    await untilCount(problem, 0);
  });
});
