/** User actions in VS Code's workbench, and what the user sees, as a page object. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import { COMMAND_DEFINITIONS, type CommandName, commandId } from '../../extension/command-definitions.ts';
import { type View, viewId } from '../../extension/ids.ts';
import { ROOT } from './processes.ts';
import { PATIENCE, until } from './wait.ts';

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const SHOTS = path.join(ROOT, 'tests', 'e2e', 'shots');
/** By `npm run pictures`, for the pictures of the docs, or for a look at what the tests show. */
const TAKES_SHOTS = ['ROLLSCOPE_PICTURES', 'UPDATE_IMAGES', 'SHOTS'].some((name) => process.env[name]);

/** The theme kinds that the views support, with the classes of the workbench and of a webview's body. */
const THEMES = {
  dark: { label: 'Dark Modern', workbench: 'vs-dark', body: 'vscode-dark' },
  light: { label: 'Light Modern', workbench: 'vs', body: 'vscode-light' },
  'high-contrast': { label: 'Dark High Contrast', workbench: 'hc-black', body: 'vscode-high-contrast' },
  'high-contrast-light': {
    label: 'Light High Contrast',
    workbench: 'hc-light',
    body: 'vscode-high-contrast-light',
  },
} as const;
export type Theme = keyof typeof THEMES;

export class Workbench {
  private readonly quickInput: Locator;

  constructor(readonly page: Page) {
    this.quickInput = page.locator('.quick-input-widget');
  }

  /** Waits until the workbench is rendered and accepts input. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
    await this.page.locator('.activitybar .action-label').first().waitFor();
  }

  /** Runs one of the extension's commands from the palette. `stays`: it asks something in the same quick input. */
  async run(name: CommandName, options: { stays?: boolean } = {}): Promise<void> {
    await this.command(`Rollscope: ${COMMAND_DEFINITIONS[name].title}`, options);
  }

  /** Runs a command that first asks to choose, and chooses a row. */
  async runAndPick(name: CommandName, row: string | RegExp): Promise<void> {
    // A quick pick closes when something else takes the focus, such as an editor after a dialog: run the command again.
    for (let patience = 5_000; ; patience *= 2) {
      await this.run(name, { stays: true });
      try {
        await this.pickRow(row).first().click({ timeout: patience });
        return;
      } catch (error) {
        if (patience > PATIENCE / 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Presses the walkthrough button that runs a command. */
  async walkthrough(name: CommandName): Promise<void> {
    await this.page.getByRole('button', { name: walkthroughButton(name) }).click();
  }

  /** Runs a command from the palette by its full title. */
  async command(title: string, { stays = false } = {}): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    const rows = this.quickInput.locator('.quick-input-list .monaco-list-row');
    // A key press may be lost while the workbench is busy: press it again, with longer waits each time.
    for (let patience = 5_000; ; patience *= 2) {
      try {
        await this.page.keyboard.press('F1');
        await input.waitFor({ timeout: patience });
        await input.fill(`>${title}`, { timeout: patience });
        // Its title may be a prefix of another command's title, which may be listed first.
        await rows
          .and(this.page.locator(`[aria-label="${title}"], [aria-label^="${title}, "]`))
          .click({ timeout: patience });
        if (!stays) await this.quickInput.waitFor({ state: 'hidden', timeout: patience });
        return;
      } catch (error) {
        if (patience > PATIENCE / 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Chooses a row of the open quick pick. */
  async pick(text: string | RegExp): Promise<void> {
    await this.pickRow(text).first().click();
  }

  pickRow(text: string | RegExp): Locator {
    return this.quickInput.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Answers an input box. */
  async answer(text: string): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Enters the path of a file in the save dialog. There is a folder next to it. */
  async saveAs(file: string): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    await input.waitFor();
    // The dialog accepts a name only after it has read the folder; while it reads the previous one, it overwrites what is
    // typed.
    const folder = readdirSync(path.dirname(file), { withFileTypes: true }).find((candidate) =>
      candidate.isDirectory(),
    )!;
    for (let patience = 5_000; ; patience *= 2) {
      await input.fill('');
      await input.fill(`${path.dirname(file)}/`);
      try {
        await this.pickRow(folder.name).first().waitFor({ timeout: patience });
        break;
      } catch (error) {
        if (patience > PATIENCE / 4) throw error;
      }
    }
    await input.fill(file);
    await this.page.keyboard.press('Enter');
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  /** Opens a file of the folder by its name in the Explorer ("Go to File" needs a search program that this server lacks). */
  async open(file: string): Promise<void> {
    await this.view('Explorer');
    await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).first().dblclick();
    await this.tab(file).first().waitFor();
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }

  /** Opens the container of the extension's views. */
  async views(): Promise<void> {
    await this.view(manifest.contributes.viewsContainers.activitybar[0].title);
  }

  /** Opens a view container by its name in the activity bar. */
  async view(name: string): Promise<void> {
    const item = this.page.locator(`.activitybar .action-item:has(.action-label[aria-label^="${name}"])`);
    if (!(await item.getAttribute('class'))?.includes('checked')) await item.click();
  }

  /** Rows of a view's tree. */
  treeRows(view: View, text?: string | RegExp): Locator {
    const [views] = Object.values(manifest.contributes.views) as { id: string; name: string }[][];
    const { name } = views!.find(({ id }) => id === viewId(view))!;
    const pane = this.page.locator('.pane', { has: this.page.locator(`.pane-header[aria-label^="${name}"]`) });
    return pane.locator('.monaco-list-row', text === undefined ? {} : { hasText: text });
  }

  codeLens(text: string | RegExp): Locator {
    return this.page.locator('.codelens-decoration a', { hasText: text });
  }

  /** The visible lines of the active editor. */
  async editorText(): Promise<string> {
    const lines = await this.page.locator('.editor-group-container.active .view-lines .view-line').allTextContents();
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** Decoration text appended to the lines of the active editor. */
  async decorations(): Promise<string[]> {
    return this.page.evaluate<string[]>(`
      [...document.querySelectorAll('.editor-group-container.active .view-line span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content !== 'none' && content !== 'normal')
        .map((content) => content.replace(/^"|"$/g, ''))
    `);
  }

  statusItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text });
  }

  statusIcon(codicon: string): Locator {
    return this.page.locator(`.part.statusbar .statusbar-item .codicon-${codicon}`);
  }

  /** A notification, even if its toast has moved to the notification center. */
  async notification(text: string | RegExp): Promise<Locator> {
    const item = this.page.locator('.notification-list-item', { hasText: text });
    await until(`the notification ${text}`, async () => {
      // A new notification first appears as a toast; a command at that moment may lose its input to it.
      const comes = item.first().waitFor({ timeout: 5_000 });
      if (await comes.then(() => true).catch(() => false)) return true;
      await this.command('Notifications: Show Notifications');
      return item.first().isVisible();
    });
    return item.first();
  }

  /** Presses the first button of a notification. */
  async answerNotification(text: string | RegExp): Promise<void> {
    await (await this.notification(text)).locator('.monaco-button').first().click();
  }

  /** Chooses an action in an element's context menu. */
  async contextMenu(element: Locator, action: string): Promise<void> {
    await element.click({ button: 'right' });
    const item = this.page.locator('.context-view .action-label', { hasText: action });
    await item.waitFor();
    // A menu ignores clicks just after it is drawn, for a long time on a busy machine.
    await until(
      `the menu takes ${action}`,
      async () => {
        await item.click({ timeout: 2_000 }).catch(() => {});
        return (await item.count()) === 0;
      },
      { every: 200 },
    );
  }

  async clearToasts(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.notification-toast').first().waitFor({ state: 'hidden' });
  }

  /** The inner frame of the open webview that contains an element. */
  async webview(selector: string): Promise<Frame> {
    return until(`a webview with ${selector}`, async () => {
      for (const frame of this.page.frames()) {
        // Frames appear and disappear during the search.
        const found = await frame
          .locator(selector)
          .count()
          .catch(() => 0);
        if (found > 0 && frame !== this.page.mainFrame()) return frame;
      }
      return null;
    });
  }

  /** Chooses a theme as a user does, and waits until the workbench and every webview have applied it. */
  async theme(theme: Theme): Promise<void> {
    const { label: name, workbench, body } = THEMES[theme];
    await this.command('Preferences: Color Theme', { stays: true });
    const input = this.quickInput.locator('.quick-input-box input');
    await input.waitFor();
    await input.fill(name);
    const row = this.quickInput.locator('.quick-input-list .monaco-list-row.focused');
    await until(`'${name}' is the chosen row`, async () => (await label(row)).includes(name));
    await this.page.keyboard.press('Enter');
    await this.quickInput.waitFor({ state: 'hidden' });
    await this.page.locator(`.monaco-workbench.${workbench}`).waitFor();
    for (const frame of this.page.frames()) {
      const isWebview = await frame
        .locator('body[data-vscode-theme-kind]')
        .count()
        .catch(() => 0);
      if (isWebview) await frame.locator(`body.${body}`).waitFor({ state: 'attached' });
    }
  }

  /** Runs an action in every theme, and returns to the dark one, in which a window opens. */
  async inEachTheme(act: (theme: Theme) => Promise<unknown>): Promise<void> {
    for (const theme of Object.keys(THEMES) as Theme[]) {
      await this.theme(theme);
      await act(theme);
    }
    await this.theme('dark');
  }

  /** Reloads the window by its own command, so that extensions shut down as they do for users. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('domcontentloaded');
    await this.command('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** Saves a screenshot in `tests/e2e/shots` if screenshots are asked for: they take a third of a CPU second each. */
  shot(name: string, { always = false } = {}): Promise<string> {
    return takeShot(this.page, name, { always });
  }
}

/** The same of another page. */
export async function takeShot(page: Page, name: string, { always = false } = {}): Promise<string> {
  const file = path.join(SHOTS, `${name.replace(/[^\w-]+/g, '-')}.png`);
  if (always || TAKES_SHOTS) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: file });
  }
  return file;
}

/** The title of the walkthrough button for a command. */
function walkthroughButton(name: CommandName): string {
  const [{ steps }] = manifest.contributes.walkthroughs;
  const links = (steps as { description: string }[]).flatMap(({ description }) => [
    ...description.matchAll(/\[([^\]]+)\]\(command:([\w.]+)/g),
  ]);
  return links.find(([, , id]) => id === commandId(name))![1]!;
}

/** Resolves when there are `count` elements. */
export async function untilCount(locator: Locator, count: number): Promise<void> {
  await until(`${count} of ${locator}`, async () => (await locator.count()) === count);
}

/** Resolves when an input has this value. */
export async function untilValue(input: Locator, value: string): Promise<void> {
  await until(`${input} is ${value}`, async () => (await input.inputValue()) === value);
}

/** Shows a pane of the panel, which is behind a tab if the panel is narrow. */
export async function showPane(panel: Frame, pane: 'charts' | 'problems' | 'problem' | 'rollout'): Promise<void> {
  const tab = panel.locator(`[data-tab="${pane}"]`);
  if ((await tab.count()) > 0) await tab.click();
  await panel.locator(`[data-pane="${pane}"]`).waitFor();
}

/**
 * Resolves when the run shown in the panel has completed all its steps. Waits for one step at a time, since the duration of
 * a run depends on how busy the machine is.
 */
export async function untilCompleted(panel: Frame, steps: number): Promise<void> {
  const line = panel.locator(`rs-header [data-steps="${steps}"]`);
  await line.waitFor();
  const attribute = (name: string) => line.getAttribute(name, { timeout: 5_000 }).catch(() => null);
  for (let last = -1; ; ) {
    const reached = await until(`what follows step ${last} of ${steps}`, async () => {
      const [status, step] = [await attribute('data-status'), Number(await attribute('data-step'))];
      const completed = status === 'completed' && step === steps;
      return completed || step > last ? { completed, step } : null;
    });
    if (reached.completed) return;
    last = reached.step;
  }
}

async function label(row: Locator): Promise<string> {
  if ((await row.count()) !== 1) return '';
  return (await row.getAttribute('aria-label', { timeout: 500 }).catch(() => '')) ?? '';
}
