/** Folders from elsewhere, which nobody has trusted yet. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { untilCount } from '../support/workbench.ts';

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
