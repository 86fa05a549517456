/**
 * How long a hidden panel takes to come back, in a real VS Code: `npm run bench -- return` names the run and the program that
 * continues writing a copy of it. From the press on the panel's tab until two frames after both VS Code shows the page and the
 * page has what arrived while it was hidden.
 */
import { spawn } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { requireVsCode, useVsCode } from '../../support/vscode.ts';
import { until } from '../../support/wait.ts';

const { ROLLSCOPE_BENCH_RUN: RUN = '', ROLLSCOPE_BENCH_WRITER: WRITER = '' } = process.env;
const ROUNDS = 9;
/** Groups that arrive while the panel is hidden. */
const MEANWHILE = 2000;

describe.runIf(requireVsCode())('a hidden panel', () => {
  const code = useVsCode({ files: { 'a.txt': 'a' } });

  test('comes back', async () => {
    const { workbench, page, home } = code();
    const copy = path.join(home, 'runs', 'written');
    cpSync(RUN, copy, { recursive: true });
    await workbench.views();
    await workbench.treeRows('runs').first().click();
    const panel = await workbench.webview('rs-problems');
    await panel.locator('rs-problems .line.problem').first().waitFor();
    await workbench.open('a.txt');
    await moveTogether(page);
    const quiet: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await hide(page);
      quiet.push(await comeBack(page, panel));
    }
    const quietMedian = quiet.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
    console.log(`unchanged: median ${quietMedian.toFixed(0)} ms of ${quiet.map((one) => one.toFixed(0)).join(', ')}`);

    const events = path.join(copy, 'events.jsonl');
    const text = readFileSync(events, 'utf8');
    // The record of its end.
    writeFileSync(events, text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
    rmSync(path.join(copy, 'view.index'), { force: true });
    const writer = spawn(process.execPath, [WRITER, 'live', copy, '200', '120', '1001'], { stdio: 'ignore' });
    await workbench.views();
    await workbench.treeRows('runs').first().click();
    const grown: number[] = [];
    for (let round = 0; round < 5; round++) {
      await panel.locator('rs-problems .line.problem').first().waitFor();
      const before = await groups(panel);
      await hide(page);
      const seen = () => readFileSync(events).length;
      const size = seen();
      await until('much has arrived', () => seen() > size + MEANWHILE * 200, { every: 500 });
      expect(await groups(panel)).toBe(before);
      grown.push(await comeBack(page, panel, before + MEANWHILE / 2));
      grown.push((await groups(panel)) - before);
    }
    writer.kill();
    console.log(`written meanwhile (ms, groups): ${grown.map((one) => one.toFixed(0)).join(', ')}`);
  });
});

const groups = (panel: Frame) => panel.evaluate<number>("document.querySelector('rs-app').store.columns.groups.length");

/** The file into the group of the panel, so that one covers the other. */
async function moveTogether(page: Page): Promise<void> {
  const tabs = page.locator('.tabs-container .tab', { hasText: 'a.txt' });
  await tabs.first().dragTo(page.locator('.tabs-container .tab', { hasText: 'Rollscope: ' }).first());
}

async function hide(page: Page): Promise<void> {
  await page.locator('.tabs-container .tab', { hasText: 'a.txt' }).first().click();
  await page.locator('.editor-group-container .monaco-editor').first().waitFor();
}

// Evaluated in the pages, which have another library of types than the tests.
const NOW = 'performance.timeOrigin + performance.now()';
const NEXT = 'const next = () => new Promise((resolve) => requestAnimationFrame(resolve));';

/** Milliseconds. @param least how many groups the page has then */
async function comeBack(page: Page, panel: Frame, least = 0): Promise<number> {
  await page.evaluate(`addEventListener('mousedown', () => { pressed = ${NOW}; }, { capture: true, once: true })`);
  const isSeen = "getComputedStyle(document.querySelector('iframe.webview')).visibility === 'visible'";
  const shown = page.evaluate<number>(`(async () => {
    ${NEXT}
    while (${isSeen}) await next();
    covered = true;
    while (!(${isSeen})) await next();
    await next();
    await next();
    covered = false;
    return ${NOW};
  })()`);
  await until('it is covered', () => page.evaluate<boolean>('globalThis.covered === true'));
  await page.locator('.tabs-container .tab', { hasText: 'Rollscope: ' }).first().click();
  const visible = await shown;
  const current = await panel.evaluate<number>(`(async () => {
    ${NEXT}
    while (document.querySelector('rs-app').store.columns.groups.length < ${least}) await next();
    await next();
    await next();
    return ${NOW};
  })()`);
  return Math.max(visible, current) - (await page.evaluate<number>('pressed'));
}
