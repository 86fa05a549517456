/** Folders from elsewhere, which nobody has trusted yet, and windows with several folders. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { untilCompleted, untilCount } from '../support/workbench.ts';

const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
];
const lines = PROBLEMS.map((problem) => `${JSON.stringify(problem)}\n`).join('');

/** A reward that leaves a trace where it ran. */
const REWARD = `
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
writeFileSync(fileURLToPath(new URL('ran', import.meta.url)), '');
export default (rollouts) => rollouts.map(({ cluster }) => (cluster === 0 ? 1 : 0));
`;

describe.runIf(requireVsCode())('Restricted Mode', () => {
  const code = useVsCode({
    restricted: true,
    settings: { [settingName('steps')]: 2 },
    files: {
      'problems.jsonl': lines,
      'reward.mjs': REWARD,
      '.vscode/settings.json': JSON.stringify({
        [settingName('model')]: 'embedded:W',
        [settingName('reward')]: 'custom',
        [settingName('runsFolder')]: 'theirs',
        [settingName('config')]: { rewardOptions: { custom: { command: ['reward.mjs'] } } },
      }),
    },
  });

  test('runs nothing and sets nothing, says so, and counts once it is trusted, without a reload', async () => {
    const { workbench, page, folder } = code();
    const ran = () => existsSync(path.join(folder, 'ran'));
    await workbench.statusItem('Restricted Mode').waitFor();
    await workbench.open('problems.jsonl');
    await workbench.views();
    // Its model is ignored, its reward names a program: that is refused.
    await workbench.codeLens('model: embedded').waitFor();
    await untilCount(workbench.codeLens('embedded:W'), 0);
    await workbench.codeLens(LENS_TITLES.train).click();
    await workbench.toast('Restricted Mode').waitFor();
    await workbench.shot('restricted mode');
    expect(code().enginePids()).toEqual([]);
    expect([ran(), existsSync(path.join(folder, 'theirs'))]).toEqual([false, false]);

    await workbench.clearToasts();
    await workbench.command('Workspaces: Manage Workspace Trust');
    const trust = page.locator('.workspace-trust-editor .workspace-trust-buttons-row .monaco-button', {
      hasText: 'Trust',
    });
    await trust.first().click();
    await workbench.statusItem('Restricted Mode').waitFor({ state: 'hidden' });
    // At once, without a reload: its settings count now.
    await workbench.codeLens('model: embedded:W').waitFor();
    await workbench.shot('trusted');
  });
});

describe.runIf(requireVsCode())('a window with two folders', () => {
  const settings = (model: string, steps: number) =>
    JSON.stringify({ [settingName('model')]: model, [settingName('steps')]: steps });
  const code = useVsCode({
    roots: ['first', 'second'],
    files: {
      'first/one.jsonl': lines,
      'first/.vscode/settings.json': settings('embedded:W', 2),
      'second/two.jsonl': lines,
      'second/.vscode/settings.json': settings('embedded:S1000', 3),
    },
  });

  test('trains a file with the settings of its own folder', async () => {
    const { workbench } = code();
    // Loads the extension.
    await workbench.views();
    for (const [file, model, steps] of [
      ['one.jsonl', 'embedded:W', 2],
      ['two.jsonl', 'embedded:S1000', 3],
    ] as const) {
      await workbench.open(file);
      await workbench.codeLens(`model: ${model}`).waitFor();
      await workbench.codeLens(LENS_TITLES.train).click();
      const panel = await workbench.webview('rs-problems');
      await untilCompleted(panel, steps);
      await until('the run has its model', async () =>
        (await panel.locator('rs-header .line').textContent())?.includes(model),
      );
    }
    await workbench.shot('two folders');
  });
});
