/** The editor around the panel: starts that fail, results on long lines, and what a training changed. */

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { untilCompleted, untilCount } from '../support/workbench.ts';

const long = ' '.repeat(300);
const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
];

describe.runIf(requireVsCode())('a start that fails', () => {
  const code = useVsCode({
    files: { 'problems.jsonl': PROBLEMS.map((p) => `${JSON.stringify(p)}${long}\n`).join('') },
    settings: { [settingName('steps')]: 2, [settingName('votes')]: 4, [settingName('group')]: 16 },
  });

  test('lists the conflicting settings in the panel, opens them, and is repaired by the preset', async () => {
    const { workbench, page } = code();
    await workbench.views();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.train).click();
    const panel = await workbench.webview('rs-start [data-start="failed"]');
    const settings = panel.locator('rs-start tr[data-setting]');
    await untilCount(settings, 2);
    expect(await panel.locator('rs-start').textContent()).not.toContain('--');
    await workbench.shot('failed start');

    // From the keyboard: the first link, the setting.
    await panel.locator('rs-start button.setting').first().press('Enter');
    await page.locator('.settings-editor .setting-item-label', { hasText: /Group/i }).first().waitFor();
    // In some versions of VS Code it covers the editors, in others it is one.
    await page.keyboard.press('Escape');
    if ((await page.locator('.settings-editor').count()) > 0) await workbench.command('View: Close Editor');
    await page.locator('.settings-editor').waitFor({ state: 'detached' });

    // It is still there, and the command that opens the panel leaves it.
    await workbench.run('openPanel');
    const again = await workbench.webview('rs-start [data-start="failed"]');
    await again.locator('rs-start [data-answer="usual"]').click();
    await untilCompleted(await workbench.webview('rs-problems'), 2);
  });

  test('results of long lines stay in view', async () => {
    const { workbench, page } = code();
    await workbench.open('problems.jsonl');
    const shown = () =>
      page.evaluate<string[]>(`
        [...document.querySelectorAll('.editor-group-container.active .view-line span')]
          .map((span) => [span, getComputedStyle(span, '::before').content])
          .filter(([span, content]) => /\\d\\.\\d\\d/.test(content) && span.getBoundingClientRect().left < innerWidth)
          .map(([, content]) => content)
      `);
    await until('every problem has its result in sight', async () => (await shown()).length === PROBLEMS.length);
    await workbench.shot('results of long lines');
  });
});

describe.runIf(requireVsCode())('what training changed', () => {
  const code = useVsCode();

  beforeAll(async () => {
    const runs = path.join(code().home, 'runs');
    mkdirSync(runs, { recursive: true });
    await writeRunFixture(path.join(runs, 'trained'), { problems: 24, steps: 12, every: 4, votes: 4 });
  });

  test('is listed from the run in the tree, compared in the diff editor, and links to a problem', async () => {
    const { workbench, page } = code();
    await workbench.views();
    const row = workbench.treeRows('runs').first();
    await row.waitFor();
    await workbench.contextMenu(row, 'Show Changed Problems');
    await workbench.pickRow('diff editor').waitFor();
    await workbench.shot('changed problems');
    await workbench.pick('diff editor');
    await page.locator('.monaco-diff-editor').waitFor();
    await page.locator('.monaco-diff-editor .line-insert').first().waitFor();
    await workbench.shot('changed problems as a diff');

    // No panel shows a run, so one is picked.
    await workbench.runAndPick('changedProblems', 'trained');
    await workbench.pick('sum-13');
    await workbench.webview('rs-inspector [data-problem]');
  });
});
