/**
 * The pictures of README and walkthrough, of a run of examples/facts in a real VS Code:
 * `ROLLSCOPE_EXAMPLE_RUN=<run folder> npm run pictures -- example`.
 */
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'vitest';
import { ROOT } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { showPane, type Theme } from '../support/workbench.ts';

const RUN = process.env.ROLLSCOPE_EXAMPLE_RUN;
const WINDOW = { width: 1400, height: 900 };
/** VS Code shows a walkthrough's picture less than half as wide as the window. */
const STEP_WINDOW = { width: 1050, height: 760 };

describe.runIf(requireVsCode() && RUN)('the example', () => {
  const code = useVsCode();

  test('in README and walkthrough', async () => {
    const { workbench, page, home } = code();
    const name = path.basename(RUN!);
    const runs = path.join(home, 'runs');
    mkdirSync(runs, { recursive: true });
    cpSync(RUN!, path.join(runs, name), { recursive: true, filter: (file) => path.basename(file) !== 'checkpoints' });
    await page.setViewportSize(WINDOW);
    await workbench.runAndPick('openRun', name);
    const panel = await workbench.webview('rs-problems .line.problem');
    // The list begins with the problem that became wrong last.
    await panel.locator('rs-problems [data-quadrant="confident-wrong"]').first().click();
    await panel.locator('rs-inspector [data-rollout]').first().click();
    await panel.locator('rs-rollout .tokens span').first().waitFor({ state: 'attached' });

    const walkthrough = path.join(ROOT, 'media', 'walkthrough');
    for (const theme of ['light', 'dark'] satisfies Theme[]) {
      await workbench.theme(theme);
      await page.setViewportSize(STEP_WINDOW);
      await showPane(panel, 'problems');
      copyFileSync(await workbench.shot(`example problems ${theme}`), path.join(walkthrough, `problems-${theme}.png`));
      await showPane(panel, 'problem');
      copyFileSync(await workbench.shot(`example problem ${theme}`), path.join(walkthrough, `problem-${theme}.png`));
      await page.setViewportSize(WINDOW);
    }
    await workbench.clearToasts();
    copyFileSync(await workbench.shot('example'), path.join(ROOT, 'docs', 'images', 'panel.png'));
  });
});
