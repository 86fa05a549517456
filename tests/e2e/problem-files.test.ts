import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LENS_TITLES } from '../../extension/editor/texts.ts';
import { requireVsCode, useVsCode } from '../support/vscode.ts';
import { until } from '../support/wait.ts';
import { untilCount } from '../support/workbench.ts';

const PROBLEMS = [
  { id: 'a', prompt: '3+9+4=', answer: '16' },
  { id: 'b', prompt: '24-9-4=', answer: '11' },
  { id: 'c', prompt: '2+2+5+1+7=', answer: '17' },
];

/** Problems of a large file. */
const MANY = 400;

describe.runIf(requireVsCode())('problem files', () => {
  const code = useVsCode({
    files: {
      'problems.jsonl': PROBLEMS.map((p) => `${JSON.stringify(p)}\n`).join(''),
      'package.json': '{"name": "ordinary"}\n',
      'words.jsonl': '{"prompt": "How many legs have three cats?", "answer": "12"}\n',
      'many.jsonl': Array.from(
        { length: MANY },
        (_, i) => `${JSON.stringify({ id: `p${i}`, prompt: `${i}+1=`, answer: `${i + 1}` })}\n`,
      ).join(''),
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
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
  });

  test('have lenses at once in a workspace that is marked for Rollscope', async () => {
    const { workbench } = code();
    await workbench.view('Explorer');
    mkdirSync(path.join(code().folder, '.rollscope'));
    await workbench.reload();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    expect(code().activation()).toBe('workspaceContains:.rollscope');
  });

  test('are probed from a lens, and results appear next to the lines', async () => {
    const { workbench } = code();
    await workbench.open('problems.jsonl');
    await workbench.codeLens(LENS_TITLES.train).waitFor();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    await workbench.codeLens(LENS_TITLES.probe).click();
    await until(
      'every problem has its result',
      async () => (await workbench.decorations()).filter((d) => /[✓✗]/.test(d)).length === PROBLEMS.length,
    );
    await workbench.shot('editor');
  });

  test('in pretty-printed JSON have lenses too', async () => {
    const { workbench, page } = code();
    await workbench.open('pretty.json');
    await workbench.codeLens(LENS_TITLES.train).waitFor();
    // The first line belongs to no problem.
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 0);
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    await workbench.shot('editor json');
  });

  test('with many problems get two lines of lenses: at the top, and at the problem at the cursor', async () => {
    const { workbench, page } = code();
    await workbench.open('many.jsonl');
    await workbench.codeLens(LENS_TITLES.train).waitFor();
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    /** What the lenses add to the height of the lines. */
    const added = () =>
      page.evaluate<number>(`(() => {
        const lines = [...document.querySelectorAll('.editor-group-container.active .view-line')]
          .map((line) => Math.round(line.getBoundingClientRect().top)).sort((a, b) => a - b);
        const gaps = lines.slice(1).map((top, i) => top - lines[i]);
        const height = Math.min(...gaps);
        return gaps.filter((gap) => gap > height).length;
      })()`);
    // The first problem has the lenses of the file and its own in one line.
    await until('no line is pushed down', async () => (await added()) === 0);
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowDown');
    await until('one line is', async () => (await added()) === 1);
    await untilCount(workbench.codeLens(LENS_TITLES.trainProblem), 1);
    await workbench.shot('editor with many problems');
  });

  test("outside the model's vocabulary cause a warning in the panel", async () => {
    const { workbench } = code();
    await workbench.open('words.jsonl');
    await workbench.codeLens(LENS_TITLES.probe).click();
    const panel = await workbench.webview('rs-problems');
    const warnings = panel.locator('rs-header [data-warnings="1"]');
    await warnings.locator('summary').click();
    await warnings.locator('[data-code="model"]').waitFor();
    await workbench.shot('warnings');
  });
});
