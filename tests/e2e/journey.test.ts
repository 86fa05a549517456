import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { ROOT } from '../support/processes.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { type Theme, untilCompleted, untilCount } from '../support/workbench.ts';

const STEPS = 30;
const THEMES: Theme[] = ['light', 'high-contrast', 'dark'];
/** Widths of the window, CSS pixels; the narrowest leaves the panel 420. */
const NARROW = [475, 720];

describe.runIf(requireVsCode())('a new user, from an empty window', () => {
  const code = useVsCode({ settings: { [settingName('steps')]: STEPS } });

  test('three clicks start a run; its panel fills; one rollout is read', async () => {
    const { workbench, page } = code();
    await workbench.run('getStarted');
    await workbench.walkthrough('train');

    const panel = await workbench.webview('rs-problems');
    await untilCompleted(panel, STEPS);
    const cells = panel.locator('rs-problems .cell');
    await untilCount(cells, 64);
    // The model confidently adds where it should subtract.
    const wrong = panel.locator('rs-problems tbody tr');
    await wrong.first().click();
    await panel.locator('rs-inspector [data-problem^="chain-"]').waitFor();
    await panel.locator('rs-inspector .tokens span').first().waitFor();
    // The evaluation after the last step is the latest group; the latest rewarded one is a step before it.
    await panel.locator(`rs-inspector [data-phase="evaluation"][data-step="${STEPS}"]`).waitFor();
    await panel.locator('rs-scrubber [role="slider"]').press('ArrowLeft');
    await panel.locator('rs-inspector [data-phase="train"]').waitFor();
    const rollout = panel.locator('rs-inspector .rollout[data-reward="1"]');
    const answer = await rollout.getAttribute('data-answer');
    expect(await rollout.locator('h2').textContent()).toContain(answer);

    await workbench.clearToasts();
    for (const theme of THEMES) {
      await workbench.theme(theme);
      const shot = await workbench.shot(`panel ${theme}`);
      // The picture of the README: UPDATE_IMAGES=1 npm test -- tests/e2e/journey.test.ts
      if (theme === 'dark' && process.env.UPDATE_IMAGES)
        copyFileSync(shot, path.join(ROOT, 'docs', 'images', 'panel.png'));
    }
    const size = page.viewportSize()!;
    for (const width of NARROW) {
      await page.setViewportSize({ width, height: size.height });
      // Nothing is wider than the panel.
      const hidden = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      await until(`the panel fits into ${width} pixels`, async () => (await panel.evaluate<number>(hidden)) <= 0);
      await workbench.shot(`panel ${width} wide`);
    }
    await page.setViewportSize(size);

    const response = await rollout.locator('.tokens').textContent();
    await panel.locator('[data-action="open-rollout"]').click();
    await until('the rollout is open', async () => (await workbench.editorText()).includes(response!.trim()));
    for (const theme of THEMES) {
      await workbench.theme(theme);
      await workbench.shot(`rollout ${theme}`);
    }
    await untilCount(workbench.statusItem(/^\s*Rollscope\s*$/), 1);
    await workbench.views();
    await workbench.treeRows('runs').first().waitFor();
    expect(await workbench.treeRows('runs').first().textContent()).toMatch(/0\.\d{3} → 0\.\d{3}/);
    await workbench.shot('views');
  });
});

const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
  { id: 'c', prompt: '2+2+5+1+7=', answer: '17' },
];

describe.runIf(requireVsCode())('problem files', () => {
  const code = useVsCode({
    files: {
      'problems.jsonl': PROBLEMS.map((p) => `${JSON.stringify(p)}\n`).join(''),
      'package.json': '{"name": "ordinary"}\n',
      'words.jsonl': '{"prompt": "How many legs have three cats?", "answer": "12"}\n',
      'pretty.json': `${JSON.stringify(PROBLEMS, null, 2)}\n`,
    },
  });

  test('load nothing when they are opened, and have lenses once Rollscope is used', async () => {
    const { workbench } = code();
    await workbench.open('package.json');
    await workbench.open('problems.jsonl');
    // What VS Code itself brings for JSON has been activated by now, so what waits for a language has been.
    await until('the language is supported', () => code().activation('vscode.json-language-features') !== null);
    await workbench.page.locator('.view-line', { hasText: '24-9-4=' }).waitFor();
    expect(code().activation()).toBeNull();
    await workbench.views();
    await until('the extension is active', () => code().activation() !== null);
    expect(code().activation()).toMatch(/^onView:rollscope\./);
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), PROBLEMS.length);
  });

  test('have lenses at once in a workspace that is marked for Rollscope', async () => {
    const { workbench } = code();
    await workbench.view('Explorer');
    mkdirSync(path.join(code().folder, '.rollscope'));
    await workbench.reload();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), PROBLEMS.length);
    expect(code().activation()).toBe('workspaceContains:.rollscope');
  });

  test('are probed from a lens, and results stand beside the lines', async () => {
    const { workbench } = code();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.train).waitFor();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), PROBLEMS.length);
    await workbench.codeLens(LENS_TITLES.probe).click();
    await until(
      'every problem has its result',
      async () => (await workbench.decorations()).filter((d) => /[✓✗]/.test(d)).length === PROBLEMS.length,
    );
    for (const theme of THEMES) {
      await workbench.theme(theme);
      await workbench.shot(`editor ${theme}`);
    }
  });

  test('in pretty-printed JSON have lenses too', async () => {
    const { workbench } = code();
    await workbench.open('pretty.json');
    await workbench.codeLens(LENS_TITLES.train).waitFor();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), PROBLEMS.length);
    await workbench.shot('editor json');
  });

  test('that the model cannot read are warned of in the panel', async () => {
    const { workbench } = code();
    await workbench.open('words.jsonl');
    await workbench.codeLens(LENS_TITLES.probe).click();
    const panel = await workbench.webview('rs-problems');
    const warnings = panel.locator('rs-header [data-warnings="1"]');
    await warnings.locator('summary').click();
    await warnings.locator('[data-code="model"]').waitFor();
    for (const theme of THEMES) {
      await workbench.theme(theme);
      await workbench.shot(`warnings ${theme}`);
    }
  });
});
