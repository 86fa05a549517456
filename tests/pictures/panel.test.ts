/**
 * Pictures of every view, to be looked at: of runs of each kind, in each theme, narrow and wide. They are written to
 * `tests/e2e/shots`. `npm run pictures` takes them; no other run of the tests does.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { writeForeignRun } from '../support/foreign-run.ts';
import { type RunFixtureOptions, writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { showPane, untilCount } from '../support/workbench.ts';

const WINDOW = { width: 1400, height: 1000 };
const NARROW = { width: 900, height: 1000 };
const WIDE = { width: 2200, height: 1200 };

/** Runs as people have them. */
const RUNS: Record<string, RunFixtureOptions> = {
  healthy: { problems: 64, steps: 40, every: 10 },
  unlabeled: { problems: 24, steps: 20, every: 10, labels: false },
  'votes-64': { problems: 12, steps: 8, every: 4, votes: 64 },
  failed: { problems: 12, steps: 6, every: 2, outcome: 'failed' },
};

const ROWS = Array.from({ length: 12 }, (_, i) => ({ id: `sum-${i}`, prompt: `What is ${i + 12} + ${i + 30}?` }));

describe.runIf(requireVsCode())('pictures', () => {
  const code = useVsCode({ files: { 'sums.jsonl': ROWS.map((row) => `${JSON.stringify(row)}\n`).join('') } });

  beforeAll(async () => {
    const runs = path.join(code().home, 'runs');
    mkdirSync(runs, { recursive: true });
    const dataset = path.join(code().folder, 'sums.jsonl');
    for (const [name, options] of Object.entries(RUNS)) {
      await writeRunFixture(path.join(runs, name), { dataset, ...options });
    }
    await writeForeignRun(path.join(runs, 'foreign'), { steps: 12 });
    await writeRunFixture(path.join(runs, 'unreadable'), { problems: 2, steps: 1 });
    const journal = path.join(runs, 'unreadable', 'events.jsonl');
    const [first, , ...others] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, [first, '{"type": "step"}', ...others].join('\n'));
  });

  async function open(run: string) {
    const { workbench } = code();
    await workbench.runAndPick('openRun', run);
    await workbench.tab(`Rollscope: ${run}`).waitFor();
  }

  test.each([...Object.keys(RUNS), 'foreign'])('of the run %s', async (run) => {
    const { workbench, page } = code();
    await page.setViewportSize(WINDOW);
    await open(run);
    const panel = await workbench.webview('rs-problems .line.problem');
    // A confidently wrong problem, where there is one.
    const wrong = panel.locator('rs-problems [data-quadrant="confident-wrong"]').first();
    await ((await wrong.isVisible()) ? wrong : panel.locator('rs-problems .line.problem').first()).click();
    await panel.locator('rs-inspector [data-rollout]').first().waitFor();
    await workbench.clearToasts();
    await workbench.inEachTheme((theme) => workbench.shot(`${run} ${theme}`));
    for (const [name, size] of Object.entries({ narrow: NARROW, wide: WIDE })) {
      await page.setViewportSize(size);
      for (const pane of ['problems', 'problem', 'rollout'] as const) {
        await showPane(panel, pane);
        await workbench.shot(`${run} ${pane} ${name}`);
      }
    }
    await untilCount(panel.locator('rs-inspector .failure'), 0);
  });

  test('of an unreadable run', async () => {
    const { workbench, page } = code();
    await page.setViewportSize(WINDOW);
    await workbench.views();
    await workbench.treeRows('runs', 'unreadable').first().hover();
    await page.locator('.monaco-hover').first().waitFor();
    await workbench.shot('unreadable in the list');
    await workbench.treeRows('runs', 'unreadable').first().click();
    const panel = await workbench.webview('.failure');
    await workbench.inEachTheme((theme) => workbench.shot(`unreadable ${theme}`));
    await untilCount(panel.locator('.failure'), 1);
  });
});
