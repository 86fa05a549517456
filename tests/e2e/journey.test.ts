import { describe, expect, test } from 'vitest';
import { settingName } from '../../extension/editor-settings.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { showPane, untilCompleted, untilCount } from '../support/workbench.ts';

const STEPS = 12;
/** Widths of the window, CSS pixels; the narrowest leaves the panel 420. */
const NARROW = [475, 720];

describe.runIf(requireVsCode())('a new user, from an empty window', () => {
  const code = useVsCode({ settings: { [settingName('steps')]: STEPS } });

  test('starts a run with three clicks, sees its panel fill, and reads one rollout', async () => {
    const { workbench, page } = code();
    await workbench.run('getStarted');
    await workbench.walkthrough('train');

    const panel = await workbench.webview('rs-problems');
    await untilCompleted(panel, STEPS);
    await panel.locator('rs-problems [data-matching="64"]').waitFor();
    await panel.locator('rs-diagnosis [data-diagnosis]').waitFor();
    // The model confidently adds where it should subtract.
    const wrong = panel.locator('rs-problems [data-quadrant="confident-wrong"]');
    await wrong.first().click();
    await panel.locator('rs-inspector [data-problem^="chain-"]').waitFor();
    await showPane(panel, 'rollout');
    await panel.locator('rs-rollout .tokens span').first().waitFor();
    await showPane(panel, 'problem');
    // The evaluation after the last step is the latest group; the latest rewarded one is a step before it.
    await panel.locator(`rs-inspector [data-phase="evaluation"][data-step="${STEPS}"]`).waitFor();
    await panel.locator('rs-scrubber [role="slider"]').press('ArrowLeft');
    await panel.locator('rs-inspector [data-phase="train"]').waitFor();
    await panel.locator('rs-inspector tr[data-rollout]').first().click();
    await showPane(panel, 'rollout');
    const rollout = panel.locator('rs-rollout .rollout[data-reward="1"]');
    const answer = await rollout.getAttribute('data-answer');
    expect(await rollout.locator('.facts').textContent()).toContain(answer);

    await workbench.clearToasts();
    await workbench.shot('panel');
    const size = page.viewportSize()!;
    for (const width of NARROW) {
      await page.setViewportSize({ width, height: size.height });
      // One pane at a time, and nothing is wider than the panel.
      await panel.locator('[data-tab="problems"]').click();
      const hidden = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      await until(`the panel fits into ${width} pixels`, async () => (await panel.evaluate<number>(hidden)) <= 0);
      await workbench.shot(`panel ${width} wide`);
    }
    await page.setViewportSize(size);

    await showPane(panel, 'rollout');
    const response = await rollout.locator('.tokens').textContent();
    await panel.locator('[data-action="open-rollout"]').click();
    await until('the rollout is open', async () => (await workbench.editorText()).includes(response!.trim()));
    await workbench.shot('rollout');
    await workbench.runAndPick('compareRollouts', /^Rollout \d+: /);
    await page.locator('.monaco-diff-editor').waitFor();
    await workbench.shot('two rollouts');
    await untilCount(workbench.statusItem(/^\s*Rollscope\s*$/), 1);
    await workbench.views();
    await workbench.treeRows('runs').first().waitFor();
    expect(await workbench.treeRows('runs').first().textContent()).toMatch(/0\.\d{3} → 0\.\d{3}/);
    await workbench.shot('views');
  });
});
