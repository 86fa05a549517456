import { describe, expect, test } from 'vitest';
import { requireVsCode, useVsCode } from '../support/vscode.ts';

describe.runIf(requireVsCode())('a new user, from an empty window', () => {
  const code = useVsCode({ settings: { 'rollscope.steps': 15 } });

  test('trains the embedded model, and looks into one rollout of the finished run', { timeout: 240_000 }, async () => {
    const { workbench, page } = code();
    await workbench.command('Rollscope: Get Started');
    await page.waitForTimeout(2500);
    await workbench.shot('walkthrough');
    await workbench.command('Rollscope: Train on Dataset', { stays: true });
    await page.waitForTimeout(2500);
    await workbench.shot('after-train');
    await page.waitForTimeout(15000);
    await workbench.shot('after-train-2');
    console.log(code().logs());
    expect(1).toBe(1);
  });
});
