/**
 * A real VS Code for end-to-end tests: its server with the packaged extension, driven in headless Chromium. The server comes
 * from `../shared/tools/setup-vscode.mjs`; without it or the browser, the tests are skipped.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { CHROMIUM } from '../../scripts/chromium.mjs';
import { isAlive, Program, temporaryFolder } from './processes.ts';
import { requireOrSkip } from './skip.ts';
import { EXTENSION, EXTENSIONS, filesBelow, installVsCode, run, SETUP } from './vsix.ts';
import { PATIENCE, until } from './wait.ts';
import { Workbench } from './workbench.ts';

/** Disables everything that moves, asks or fetches by itself. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.reduceMotion': 'on',
  'workbench.colorTheme': 'Default Dark Modern',
  'window.autoDetectColorScheme': false,
  'window.commandCenter': false,
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'editor.accessibilitySupport': 'off',
  'editor.minimap.enabled': false,
  'files.hotExit': 'off',
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
};

/** Restricted Mode without the startup prompt. */
const RESTRICTED = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
  'security.workspace.trust.banner': 'never',
  'security.workspace.trust.emptyWindow': false,
};

export interface VsCodeOptions {
  /** Files of the opened folder, by name; without them, the window is empty. */
  files?: Record<string, string | Uint8Array>;
  settings?: Record<string, unknown>;
  /** Settings of the machine that the server runs on: those with scope `machine` are read only from here. */
  machine?: Record<string, unknown>;
  /** Opens the window in Restricted Mode, until the test trusts the workspace. */
  restricted?: boolean;
  /** Additional extensions, as packages. */
  extensions?: readonly string[];
  /** Folders of `files` that are the roots of a workspace, instead of a single folder. */
  roots?: readonly string[];
}

/** Whether this machine can run these tests. */
export function requireVsCode(): boolean {
  return (
    requireOrSkip('VS Code', process.platform === 'linux', 'its test server runs on Linux only') &&
    requireOrSkip('VS Code', existsSync(SETUP), '../shared/tools is not on this machine') &&
    requireOrSkip('Chromium', existsSync(CHROMIUM), `there is no ${CHROMIUM} (Debian: package chromium-headless-shell)`)
  );
}

/**
 * Starts a VS Code for the tests of one `describe` and ends it afterwards, with every process that it started. Fails if the
 * page has errors after a test; a failed test leaves a screenshot and prints the extension's log.
 */
export function useVsCode(options: VsCodeOptions = {}): () => VsCode {
  let code: VsCode | undefined;
  beforeAll(async () => {
    code = await VsCode.start(options);
  });
  afterEach(async ({ task }) => {
    if (!code) return;
    if (task.result?.state === 'fail') {
      await code.workbench.shot(`failed ${task.name}`, { always: true }).catch(() => undefined);
      console.error(code.logs());
    }
    code.assertClean();
  });
  afterAll(() => code?.stop());
  return () => {
    if (!code) throw new Error('VS Code did not start.');
    return code;
  };
}

export class VsCode {
  /** Errors in the browser console since the last check. */
  private readonly errors: string[] = [];

  private constructor(
    /** Contains everything of this session. */
    private readonly base: string,
    private readonly server: Program,
    private readonly browser: Browser,
    readonly page: Page,
    readonly workbench: Workbench,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.stack ?? String(error)));
  }

  static async start({
    files,
    settings = {},
    machine,
    restricted = false,
    roots,
    extensions = [],
  }: VsCodeOptions): Promise<VsCode> {
    const installed = installVsCode();
    const base = temporaryFolder();
    const user = path.join(base, 'u');
    const where = ['--user-data-dir', user, '--server-data-dir', path.join(base, 's'), '--extensions-dir'];
    where.push(path.join(base, 'e'), '--accept-server-license-terms');
    writeFiles(path.join(user, 'User'), {
      'settings.json': JSON.stringify({ ...SETTINGS, ...(restricted && RESTRICTED), ...settings }),
    });
    if (machine) writeFiles(path.join(user, 'Machine'), { 'settings.json': JSON.stringify(machine) });
    if (files) writeFiles(path.join(base, 'w'), files);
    const workspace = path.join(base, 'w', 'all.code-workspace');
    if (roots) writeFileSync(workspace, JSON.stringify({ folders: roots.map((folder) => ({ path: folder })) }));

    cpSync(EXTENSIONS, path.join(base, 'e'), { recursive: true });
    const packages = extensions.flatMap((item) => ['--install-extension', item]);
    if (packages.length > 0)
      run('installing an extension', installed.node, [installed.serverMain, ...packages, ...where]);
    const server = new Program(
      installed.node,
      [installed.serverMain, '--host', '127.0.0.1', '--port', '0', '--without-connection-token'].concat(
        ['--disable-telemetry', '--disable-update-check', ...(restricted ? [] : ['--disable-workspace-trust'])],
        where,
      ),
      { env: { ROLLSCOPE_HOME: path.join(base, 'h'), HOME: base } },
    );
    const [, port] = await server.printed(/Extension host agent listening on (\d+)/);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    // Nothing leaves this machine, and no test waits for a request that cannot succeed.
    await page.route(
      (url) => url.protocol.startsWith('http') && url.hostname !== '127.0.0.1',
      (route) => route.abort(),
    );
    const code = new VsCode(base, server, browser, page, new Workbench(page));
    const query = roots
      ? `workspace=${encodeURIComponent(workspace)}`
      : files
        ? `folder=${encodeURIComponent(code.folder)}`
        : 'ew=true';
    await page.goto(`http://127.0.0.1:${port}/?${query}`, { waitUntil: 'commit' });
    await code.workbench.ready();
    return code;
  }

  /** The open folder. */
  get folder(): string {
    return path.join(this.base, 'w');
  }

  /** Rollscope's own folder: runs, engine addresses. */
  get home(): string {
    return path.join(this.base, 'h');
  }

  /** Process ids of the running engines. */
  enginePids(): number[] {
    const folder = path.join(this.home, 'engines');
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .filter(isAlive);
  }

  /** What activated an extension of this window's extension host, as VS Code names it; null if nothing has yet. */
  activation(extension = EXTENSION): string | null {
    const logs = filesBelow(this.base).filter((file) => path.basename(file) === 'remoteexthost.log');
    const newest = logs.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1);
    const text = newest ? readFileSync(newest, 'utf8') : '';
    const line = text.split('\n').find((candidate) => candidate.includes(`_doActivateExtension ${extension},`));
    return /activationEvent: '([^']*)'/.exec(line ?? '')?.[1] ?? null;
  }

  /** The extension's output channel, and complaints of the extension host about it. */
  logs(): string {
    const files = filesBelow(this.base).filter((file) => file.endsWith('.log'));
    const own = files.filter((file) => path.basename(file).startsWith('Rollscope'));
    const host = files.filter((file) => path.basename(file) === 'remoteexthost.log');
    const complaints = host.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => /\[error\]|rollscope.*(error|fail)/i.test(line)),
    );
    return [
      ...own.map((file) => `--- ${file}\n${readFileSync(file, 'utf8')}`),
      '--- extension host',
      ...complaints,
    ].join('\n');
  }

  /** Throws if a page violated its content policy, or one of the extension's scripts threw. */
  assertClean(): void {
    const ours = this.errors
      .splice(0)
      .filter((text) => /Content Security Policy|Refused to/i.test(text) || isOurs(text));
    if (ours.length > 0) throw new Error(`The pages reported errors:\n${ours.join('\n')}`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.end();
    // Engines outlive the window on purpose; they must not outlive the tests.
    const engines = this.enginePids();
    for (const pid of engines) process.kill(pid, 'SIGKILL');
    await until('the engines end', () => engines.every((pid) => !isAlive(pid)));
  }
}

/** The extension's scripts are served from its folder, whose name contains its id. VS Code also logs tools' refusals. */
function isOurs(text: string): boolean {
  return text.includes(EXTENSION) && !text.includes('[LanguageModelToolsService#invokeTool]');
}

function writeFiles(folder: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
