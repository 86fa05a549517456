/** Folders from elsewhere, which nobody has trusted yet, and windows with several folders. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { startCli, temporaryFolder } from '../support/processes.ts';
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
      'rollscope.json': JSON.stringify({
        configurations: {
          python: { dataset: { path: 'problems.jsonl' }, engine: { kind: 'trl', python: './python' } },
          cluster: { dataset: { path: 'problems.jsonl' }, engine: { kind: 'verl', address: 'http://127.0.0.1:9' } },
        },
      }),
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

    // A configuration of the folder that names a Python, or a cluster, with its lens.
    writeFileSync(path.join(folder, 'python'), `#!/bin/sh\ntouch '${path.join(folder, 'ran')}'\n`);
    chmodSync(path.join(folder, 'python'), 0o755);
    await workbench.clearToasts();
    await workbench.open('rollscope.json');
    await workbench.codeLens('Train').first().click();
    await workbench.toast('engine trl').waitFor();
    await workbench.clearToasts();
    await workbench.codeLens('Train').nth(1).click();
    await workbench.toast('engine verl').waitFor();
    await workbench.clearToasts();
    // An experiment says so as well; what only reads works: there is nothing yet to compare.
    await workbench.run('runExperiment', { stays: true });
    await workbench.toast('Restricted Mode').waitFor();
    await workbench.clearToasts();
    expect([ran(), code().enginePids(), existsSync(path.join(folder, 'theirs'))]).toEqual([false, [], false]);
    await workbench.command('View: Close Editor');

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
    await workbench.command('View: Close Editor');
    await page.locator('.workspace-trust-editor').waitFor({ state: 'hidden' });
    // And its reward runs, in its folder for runs.
    await workbench.codeLens(LENS_TITLES.train).click();
    await untilCompleted(await workbench.webview('rs-problems'), 2);
    expect([ran(), existsSync(path.join(folder, 'theirs'))]).toEqual([true, true]);
  });
});

describe.runIf(requireVsCode())('a run from elsewhere that names a program', () => {
  const code = useVsCode({ files: { 'problems.jsonl': lines, 'reward.mjs': REWARD } });

  test('is shown with its program, which runs only once that is allowed', async () => {
    const { workbench, page, folder, home } = code();
    const trace = path.join(folder, 'ran');
    // Somebody else's Rollscope folder: what it marks as its own is not marked here.
    const options = ['--reward', 'custom', '--reward-program', path.join(folder, 'reward.mjs'), '--allow-programs'];
    const size = ['--steps', '200', '--model', 'embedded:W', '--eval-samples', '0', '--checkpoint-every', '1'];
    const where = { home: temporaryFolder(), cwd: folder };
    const runs = path.join(home, 'runs');
    const theirs = startCli(['train', 'problems.jsonl', ...options, ...size, '--out', runs, '--name', 'theirs'], where);
    await theirs.printed(/step +[1-9]/i);
    theirs.kill('SIGINT');
    expect((await theirs.ended).stdout).toMatch(/stopped/i);
    expect(existsSync(trace)).toBe(true);
    rmSync(trace);

    const dialog = page.locator('.monaco-dialog-box');
    const ask = async () => {
      await workbench.run('resume', { stays: true });
      await workbench.pickRow('theirs').first().click();
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain(path.join(folder, 'reward.mjs'));
    };
    await ask();
    await workbench.shot('program from elsewhere');
    await dialog.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(existsSync(trace)).toBe(false);

    await ask();
    expect(existsSync(trace)).toBe(false);
    await dialog.locator('.monaco-button', { hasText: 'Run It' }).click();
    await until('its program runs', () => existsSync(trace));
    const panel = await workbench.webview('rs-header');
    await panel.locator('rs-header .line[data-status="running"][data-live="true"]').waitFor();
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
