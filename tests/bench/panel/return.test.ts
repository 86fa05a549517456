/**
 * How long a hidden panel takes to come back, in a real VS Code: `npm run bench -- return` names the run and the program that
 * continues writing a copy of it. From the press on the panel's tab until two frames after both VS Code shows the page and the
 * page has what arrived while it was hidden. In addition, in the same window, how long VS Code takes from one text file to another.
 */
import { spawn } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireVsCode, useVsCode } from '../../support/vscode.ts';
import { until } from '../../support/wait.ts';

const { ROLLSCOPE_BENCH_RUN: RUN = '', ROLLSCOPE_BENCH_WRITER: WRITER = '' } = process.env;
const ROUNDS = 9;
/** Groups that arrive while the panel is hidden. */
const GROUPS_WHILE_HIDDEN = 2000;

describe.runIf(requireVsCode())('a hidden panel', () => {
  const code = useVsCode({ files: { 'a.txt': 'a', 'b.txt': 'b' } });

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
    await workbench.open('b.txt');
    const quiet: number[] = [];
    const texts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await hide(page);
      texts.push(await toText(page));
      await hide(page);
      quiet.push(await comeBack(page, panel));
    }
    const [back, text] = [median(quiet), median(texts)];
    console.log(
      `unchanged: median ${back.toFixed(0)} ms of ${rounded(quiet)}; from a text file to another ${text.toFixed(0)} ms of ${rounded(texts)}: ${(back / text).toFixed(2)} times`,
    );

    const events = path.join(copy, 'events.jsonl');
    const written = readFileSync(events, 'utf8');
    // The record of its end.
    writeFileSync(events, written.slice(0, written.lastIndexOf('\n', written.length - 2) + 1));
    rmSync(path.join(copy, 'view.index'), { force: true });
    const writer = spawn(process.execPath, [WRITER, 'live', copy, '200', '600', '1001'], { stdio: 'ignore' });
    onTestFinished(() => void writer.kill());
    await workbench.views();
    await workbench.treeRows('runs').first().click();
    const grown: number[] = [];
    for (let round = 0; round < 5; round++) {
      await panel.locator('rs-problems .line.problem').first().waitFor();
      await hide(page);
      const before = await settled(panel);
      const seen = () => readFileSync(events).length;
      const size = seen();
      await until('much has arrived', () => seen() > size + GROUPS_WHILE_HIDDEN * 200, { every: 500 });
      expect(await groups(panel)).toBe(before);
      grown.push(await comeBack(page, panel, before + GROUPS_WHILE_HIDDEN / 2));
      grown.push((await groups(panel)) - before);
    }
    console.log(`written meanwhile (ms, groups): ${rounded(grown)}`);
  });
});

const groups = (panel: Frame) => panel.evaluate<number>("document.querySelector('rs-app').store.columns.groups.length");

/** The file into the group of the panel, so that one covers the other. */
async function moveTogether(page: Page): Promise<void> {
  const tabs = page.locator('.tabs-container .tab', { hasText: 'a.txt' });
  await tabs.first().dragTo(page.locator('.tabs-container .tab', { hasText: 'Rollscope: ' }).first());
}

async function hide(page: Page): Promise<void> {
  const tab = page.locator('.tabs-container .tab', { hasText: 'a.txt' }).first();
  await until('a.txt is shown', async () => {
    await tab.click();
    return page.evaluate<boolean>("document.querySelector('.editor-instance .view-line')?.textContent === 'a'");
  });
}

/** How many groups a hidden page has, when those that were on their way to it have come. */
async function settled(panel: Frame): Promise<number> {
  let last = -1;
  const { now } = await until(
    'nothing more arrives',
    async () => {
      const now = await groups(panel);
      const same = now === last;
      last = now;
      return same ? { now } : null;
    },
    { every: 500 },
  );
  return now;
}

// Evaluated in the pages, which have another library of types than the tests.
const NOW = 'performance.timeOrigin + performance.now()';
const NEXT = 'const next = () => new Promise((resolve) => requestAnimationFrame(resolve));';

/** Milliseconds. @param least how many groups the page has then */
async function comeBack(page: Page, panel: Frame, least = 0): Promise<number> {
  const isSeen = "getComputedStyle(document.querySelector('iframe.webview')).visibility === 'visible'";
  const { pressed, seen } = await switchTo(page, 'Rollscope: ', isSeen);
  const current = await panel.evaluate<number>(`(async () => {
    ${NEXT}
    while (document.querySelector('rs-app').store.columns.groups.length < ${least}) await next();
    await next();
    await next();
    return ${NOW};
  })()`);
  return Math.max(seen, current) - pressed;
}

/** Milliseconds. */
async function toText(page: Page): Promise<number> {
  const isSeen = "document.querySelector('.editor-instance .view-line')?.textContent === 'b'";
  const { pressed, seen } = await switchTo(page, 'b.txt', isSeen);
  return seen - pressed;
}

/** Presses a tab; when it was pressed, and when two frames had passed since its content was seen. */
async function switchTo(page: Page, tab: string, isSeen: string): Promise<{ pressed: number; seen: number }> {
  await page.evaluate(`addEventListener('mousedown', () => { pressed = ${NOW}; }, { capture: true, once: true })`);
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
  await page.locator('.tabs-container .tab', { hasText: tab }).first().click();
  const seen = await shown;
  return { pressed: await page.evaluate<number>('pressed'), seen };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const rounded = (values: number[]) => values.map((value) => value.toFixed(0)).join(', ');
