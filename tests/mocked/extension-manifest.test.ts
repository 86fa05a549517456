/** What package.json declares and what the extension does must agree. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { SHADES, shadeColor } from '../../engine/protocol/shades.ts';
import { COMMAND_DEFINITIONS, COMMAND_NAMES, commandId } from '../../extension/command-definitions.ts';
import { CONTEXT_KEYS } from '../../extension/context-keys.ts';
import { settingName } from '../../extension/editor-settings.ts';
import { type ItemContext, panelType, SCHEMES, type View, viewId } from '../../extension/ids.ts';
import { SETTING_IDS } from '../../extension/run-config.ts';
import { ROOT } from '../support/processes.ts';

const registered = vi.hoisted(() => new Map<string, (...args: unknown[]) => Promise<void>>());
const shown = vi.hoisted(() => [] as string[]);
vi.mock('vscode', () => {
  class Nothing {}
  return {
    commands: {
      registerCommand: (id: string, action: (...args: unknown[]) => Promise<void>) => {
        registered.set(id, action);
        return { dispose: () => registered.delete(id) };
      },
    },
    window: { showInformationMessage: async (text: string) => void shown.push(text) },
    Disposable: { from: () => new Nothing() },
    TreeItem: Nothing,
    Uri: Nothing,
    EventEmitter: Nothing,
  };
});

interface Setting {
  type: string | string[];
  default: unknown;
  enum?: unknown[];
  markdownEnumDescriptions?: string[];
  scope?: string;
  description?: string;
  markdownDescription?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}
interface MenuItem {
  command: string;
  when?: string;
}
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const { contributes } = manifest;
const declared: string[] = contributes.commands.map(({ command }: MenuItem) => command);
const settings: Record<string, Setting> = Object.assign(
  {},
  ...contributes.configuration.map(({ properties }: { properties: object }) => properties),
);
const text = JSON.stringify(contributes);

describe('the extension', () => {
  it('is loaded when it is used, not when a file of some language is opened or the editor starts', () => {
    expect(manifest.activationEvents).toEqual([
      'workspaceContains:.rollscope',
      // Lenses start its configurations.
      'workspaceContains:rollscope.json',
      // Dumps of other trainers, which are offered for import.
      'workspaceContains:**/completions/completions_*.parquet',
      'workspaceContains:**/{rollouts,rollout,train,training,val,validation}*/[0-9]*.jsonl',
      'workspaceContains:**/traces.jsonl',
      `onWebviewPanel:${panelType('panel')}`,
      `onWebviewPanel:${panelType('report')}`,
      `onWebviewPanel:${panelType('comparison')}`,
      `onFileSystem:${SCHEMES.rollout}`,
      // Links to places of runs.
      'onUri',
    ]);
  });

  it('is described as the Marketplace and npm require', () => {
    const { description, repository, bugs, homepage, keywords, galleryBanner, categories } = manifest;
    for (const word of ['Unsupervised RLVR', 'label-free', 'intrinsic rewards', 'test-time training', 'TTRL', 'GRPO']) {
      expect(description.slice(0, 160)).toContain(word);
    }
    for (const url of [repository.url, bugs.url, homepage]) expect(url).toMatch(/^https:\/\/github\.com\//);
    // The Marketplace takes 30 at most.
    expect(keywords.length).toBeLessThanOrEqual(30);
    expect(new Set(keywords).size).toBe(keywords.length);
    expect(galleryBanner.color).toMatch(/^#[0-9a-f]{6}$/);
    expect(categories.length).toBeGreaterThan(0);
    expect(manifest.bin).toEqual({ rollscope: 'dist/cli.js' });
  });
});

describe('commands', () => {
  it('are registered when they are declared, and declared when they are registered', async () => {
    const { registerCommands } = await import('../../extension/commands.ts');
    registerCommands({} as never);
    expect([...registered.keys()].filter((id) => id !== 'rollscope.analyseRun').sort()).toEqual([...declared].sort());
    expect([...declared].sort()).toEqual(COMMAND_NAMES.map(commandId).sort());
    expect(new Set(declared).size).toBe(declared.length);
  });

  it('show a message when they need a run and there is none', async () => {
    const { registerCommands } = await import('../../extension/commands.ts');
    registerCommands({ session: { active: null, preparing: false } } as never);
    for (const name of ['pause', 'stop'] as const) {
      shown.length = 0;
      await registered.get(commandId(name))!();
      expect(shown).toEqual([COMMAND_DEFINITIONS[name].withoutRun]);
    }
  });

  it('act on the run that they were invoked on, not on the one that this window follows', async () => {
    const { registerCommands } = await import('../../extension/commands.ts');
    const reported: unknown[] = [];
    const steered: string[] = [];
    const session = {
      active: { run: 'mine', folder: path.resolve('/runs/mine') },
      pause: async () => void steered.push(`pause ${session.active.run}`),
      stop: async () => void steered.push(`stop ${session.active.run}`),
    };
    const attachTo = async (folder: string) => {
      if (folder !== '/runs/other') return null;
      session.active = { run: 'other', folder: path.resolve(folder) };
      return session.active;
    };
    registerCommands({
      session,
      imports: { of: () => undefined },
      viewer: { attachTo },
      report: { error: (error: unknown) => reported.push(error) },
    } as never);
    await registered.get(commandId('pause'))!();
    await registered.get(commandId('stop'))!('/runs/unreachable');
    await registered.get(commandId('stop'))!('/runs/other');
    expect(steered).toEqual(['pause mine', 'stop other']);
    expect(reported).toMatchObject([{ code: 'engine-stopped' }]);
  });

  it('report errors, and never throw', async () => {
    const { registerCommands } = await import('../../extension/commands.ts');
    const reported: unknown[] = [];
    registerCommands({
      session: { active: {}, pause: () => Promise.reject(new Error('lost')) },
      report: { error: (error: unknown) => reported.push(error) },
    } as never);
    await registered.get(commandId('pause'))!();
    expect(reported).toEqual([new Error('lost')]);
  });

  it('share one category', () => {
    for (const { category, title } of contributes.commands) {
      expect(category).toBe('Rollscope');
      expect(title).not.toMatch(/rollscope/i);
    }
  });

  it('exist wherever menus, welcome views and walkthroughs name them', () => {
    const menus = Object.values<MenuItem[]>(contributes.menus).flatMap((items) => items.map(({ command }) => command));
    const links = [...text.matchAll(/command:(rollscope\.\w+)/g)].map(([, id]) => id!);
    const events = [...text.matchAll(/onCommand:(rollscope\.\w+)/g)].map(([, id]) => id!);
    expect(links.length).toBeGreaterThan(5);
    for (const command of [...menus, ...links, ...events]) expect(declared).toContain(command);
  });

  it('are offered in the palette only when they make sense there', () => {
    const palette = new Map<string, string>(
      contributes.menus.commandPalette.map(({ command, when }: Required<MenuItem>) => [command, when]),
    );
    for (const command of ['openProblem', 'openRollout', 'revealProblem', 'useModel'] as const) {
      expect(palette.get(commandId(command))).toBe('false');
    }
    for (const command of [
      'train',
      'probe',
      'openPanel',
      'resume',
      'attach',
      'openRun',
      'chooseModel',
      'showLog',
    ] as const) {
      expect(palette.has(commandId(command))).toBe(false);
    }
  });

  it('for an unreadable run offer what helps, and nothing that reads it', () => {
    const items: Required<MenuItem>[] = contributes.menus['view/item/context'];
    const offered = items.filter(({ when }) => {
      const [view, item] = when.split(' && ');
      if (view !== `view == ${viewId('runs')}`) return false;
      const pattern = /^viewItem =~ \/(.*)\/$/.exec(item ?? '')?.[1];
      return pattern !== undefined && new RegExp(pattern).test('run.unreadable' satisfies ItemContext);
    });
    expect(new Set(offered.map(({ command }) => command))).toEqual(
      new Set((['openRun', 'repairRun', 'revealRunFolder', 'deleteRun'] as const).map(commandId)),
    );
  });
});

describe('views and contexts', () => {
  /** Values of all members of this name, at any depth. */
  const all = (node: unknown, name: string): string[] =>
    typeof node !== 'object' || node === null
      ? []
      : Object.entries(node).flatMap(([key, value]) => (key === name ? [String(value)] : all(value, name)));
  const VIEWS: Record<View, true> = { runs: true, datasets: true, models: true };
  const views = (Object.keys(VIEWS) as View[]).map(viewId);

  it('are declared under the names that the code uses', () => {
    expect(contributes.views.rollscope.map(({ id }: { id: string }) => id)).toEqual(views);
    expect(Object.entries(CONTEXT_KEYS)).toEqual(
      Object.keys(CONTEXT_KEYS).map((key) => [key, `rollscope.${key}`] as const),
    );
    for (const { view } of contributes.viewsWelcome) expect(views).toContain(view);
  });

  it('in when clauses and completion events exist', () => {
    const known = new Set<string>([...Object.values(CONTEXT_KEYS), ...views, panelType('report'), SCHEMES.rollout]);
    const clauses = all(contributes, 'when');
    expect(clauses.length).toBeGreaterThan(40);
    const named = clauses.flatMap((clause) => clause.match(/rollscope[.-][\w.-]+/g) ?? []);
    const events = [...text.matchAll(/onContext:([\w.]+)/g)].map(([, key]) => key!);
    expect(events.length).toBeGreaterThan(2);
    for (const id of [...named, ...events]) expect(known, id).toContain(id);
  });
});

describe('settings', () => {
  it('describe each of their choices', () => {
    for (const { enum: choices, markdownEnumDescriptions } of Object.values(settings)) {
      expect(markdownEnumDescriptions?.length).toBe(choices?.length);
    }
  });

  it('have descriptions, and are restricted if they name programs, models or folders', () => {
    const restricted: string[] = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    for (const name of restricted) expect(Object.keys(settings)).toContain(name);
    for (const [name, { description, markdownDescription, scope }] of Object.entries(settings)) {
      expect(description ?? markdownDescription, name).toMatch(/\.( |$|\))|\]\(/);
      expect((markdownDescription ?? '').split('Default:').length, name).toBeLessThanOrEqual(2);
      if (scope?.startsWith('machine')) expect(restricted).toContain(name);
    }
    expect(settings[settingName('engine.node')]!.scope).toBe('machine');
  });

  it('of runs may differ between the folders of a workspace', () => {
    for (const id of SETTING_IDS) {
      expect(settings[settingName(id)]!.scope, id).toMatch(/^(resource|machine-overridable)$/);
    }
  });
});

describe('files and colors', () => {
  it('of a VSIX are named in .vscodeignore, which excludes everything else', () => {
    const lines = readFileSync(path.join(ROOT, '.vscodeignore'), 'utf8').split('\n');
    expect(lines).toContain('**');
    const named = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1).replace(/\/\*\*$/, ''));
    expect(named).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist', 'engine/embedded']));
    expect(named.filter((name) => !/^(dist|node_modules\/)/.test(name) && !existsSync(path.join(ROOT, name)))).toEqual(
      [],
    );
  });

  it('exist', () => {
    const files = [...text.matchAll(/"(media\/[\w./-]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(6);
    for (const file of [...files, manifest.icon]) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
  });

  it('give each shade but the first a color in every kind of theme', () => {
    expect(contributes.colors).toHaveLength(SHADES - 1);
    for (const [i, { id, defaults }] of contributes.colors.entries()) {
      expect(id).toBe(shadeColor(i + 1));
      expect(Object.keys(defaults).sort()).toEqual(['dark', 'highContrast', 'highContrastLight', 'light']);
    }
  });

  it('have no style in the walkthrough pictures that a theme cannot change', () => {
    for (const name of ['train']) {
      const svg = readFileSync(path.join(ROOT, 'media', 'walkthrough', `${name}.svg`), 'utf8');
      const colors = [...svg.matchAll(/(?:fill|stroke)="([^"]*)"/g)].map(([, color]) => color!);
      for (const color of colors) expect(color).toMatch(/^none$|^var\(--vscode-/);
    }
  });
});
