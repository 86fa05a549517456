/** `rollscope view` in headless Chromium, for tests of the panel's page without VS Code. */
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Frame, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { CHROMIUM } from '../../scripts/chromium.mjs';
import { type Program, startCli } from './processes.ts';
import { requireOrSkip } from './skip.ts';
import { PATIENCE } from './wait.ts';

/** Browser preferences, which determine the page's theme. */
export const PREFERENCES = {
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  light: { colorScheme: 'light', contrast: 'no-preference' },
  'high-contrast': { colorScheme: 'dark', contrast: 'more' },
  'high-contrast-light': { colorScheme: 'light', contrast: 'more' },
} as const;
export type Preference = keyof typeof PREFERENCES;

/** Displays a page as a user with this preference would see it. */
export async function prefer(page: Page, preference: Preference): Promise<void> {
  await page.emulateMedia({ ...PREFERENCES[preference], reducedMotion: 'reduce' });
}

export function requireBrowser(): boolean {
  return requireOrSkip(
    'Chromium',
    existsSync(CHROMIUM),
    `there is no ${CHROMIUM} (Debian: package chromium-headless-shell)`,
  );
}

/** A browser for the tests of one `describe`. Fails if a page has errors after a test. */
export function useBrowser(): () => Viewer {
  let viewer: Viewer | undefined;
  beforeAll(async () => {
    viewer = await Viewer.start();
  });
  afterEach(async () => {
    await viewer?.closePages();
  });
  afterAll(() => viewer?.stop());
  return () => {
    if (!viewer) throw new Error('The browser did not start.');
    return viewer;
  };
}

export class Viewer {
  private readonly errors: string[] = [];
  private readonly servers: Program[] = [];
  private readonly pages: Page[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Viewer> {
    return new Viewer(
      await chromium.launch({
        executablePath: CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      }),
    );
  }

  /** Starts `rollscope view` on a run and returns its address. */
  async serve(run: string, home: string): Promise<{ address: string; server: Program }> {
    const server = startCli(['view', run], { home });
    this.servers.push(server);
    const [address] = await server.printed(/http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/);
    return { address: address!, server };
  }

  /** Opens an address. `ignores`: errors that the test causes on purpose. */
  async open(address: string, preference: Preference = 'dark', ignores?: RegExp): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1400, height: 900 } });
    this.pages.push(page);
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => {
      if (message.type() === 'error' && !ignores?.test(message.text())) this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.stack ?? String(error)));
    await prefer(page, preference);
    await page.goto(address);
    return page;
  }

  /** Closes the pages that a test opened. Throws if a page violated its content policy or threw. */
  async closePages(): Promise<void> {
    for (const page of this.pages.splice(0)) await page.close();
    for (const server of this.servers.splice(0)) await server.end();
    const errors = this.errors.splice(0);
    if (errors.length > 0) throw new Error(`The pages reported errors:\n${errors.join('\n')}`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }
}

interface AxeResult {
  violations: {
    id: string;
    impact: string | null;
    help: string;
    nodes: { target: unknown[]; failureSummary?: string }[];
  }[];
}

/** Violations that axe rates serious or critical on a page or in a webview: rule, element and reason. */
export async function axeFindings(page: Page | Frame): Promise<string[]> {
  // Injected by the debugger, since the content policy allows no other script; it stays until the page is left.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResult>('axe.run(document, { resultTypes: ["violations"] })');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary = '' }) => `${id} (${help}): ${target.flat().join(' ')}: ${failureSummary}`),
    );
}
