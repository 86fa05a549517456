#!/usr/bin/env node
// `npm run shots -- <run>`: pictures of the panel as `rollscope view` shows it, in four themes and three widths, in seconds.
//   npm run shots -- <run> [--out <folder>] [--themes dark,light] [--widths 900,1400] [--height 1000]
//                    [--pane problems] [--step 12] [--keys "n n ]"] [--wait <selector>] [--click <selector>]
// Builds first where a source is newer than the build.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { firstObject } from './child.mjs';
import { CHROMIUM } from './chromium.mjs';
import { fail, prepare, root } from './install.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: path.join(root, 'tests', 'e2e', 'shots') },
    themes: { type: 'string', default: 'dark,light,high-contrast,high-contrast-light' },
    widths: { type: 'string', default: '900,1400,2200' },
    height: { type: 'string', default: '1000' },
    pane: { type: 'string' },
    keys: { type: 'string' },
    wait: { type: 'string' },
    click: { type: 'string' },
    runs: { type: 'string' },
  },
});
const [run] = positionals;
if (!run) fail('Which run? npm run shots -- latest');
await prepare().catch((error) => fail(error.message));
const where = values.runs ? ['--out', values.runs] : [];
const server = spawn(process.execPath, [path.join(root, 'dist', 'cli.js'), 'view', run, '--json', ...where], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let browser;
try {
  const { address, run: name } = await firstObject(server);
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  fs.mkdirSync(values.out, { recursive: true });
  for (const theme of values.themes.split(',')) {
    for (const width of values.widths.split(',').map(Number)) {
      const page = await browser.newPage({ viewport: { width, height: Number(values.height) } });
      page.on(
        'console',
        (message) => message.type() === 'error' && console.error(`${theme} ${width}: ${message.text()}`),
      );
      page.on('pageerror', (error) => console.error(`${theme} ${width}: ${error.stack}`));
      await page.goto(`${address}&theme=${theme}`);
      await page.locator('[data-ready]').first().waitFor();
      const tab = page.locator(`[data-tab="${values.pane}"]`);
      if (values.pane && (await tab.count()) > 0) await tab.click();
      for (const one of values.click?.split(' && ') ?? []) await page.locator(one).first().click();
      for (const key of values.keys?.split(' ') ?? []) await page.keyboard.press(key);
      if (values.wait) await page.locator(values.wait).first().waitFor();
      await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
      const file = path.join(values.out, `${name}-${values.pane ? `${values.pane}-` : ''}${theme}-${width}.png`);
      await page.screenshot({ path: file });
      console.log(file);
      await page.close();
    }
  }
} finally {
  await browser?.close();
  server.kill('SIGTERM');
}
