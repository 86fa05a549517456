/** What README, CONTRIBUTING, CHANGELOG and docs say exists: files, commands, options, settings, and who imports whom. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../engine/cli/program.ts';
import { CONFIGURATIONS_FILE } from '../../engine/config/named-configurations.ts';
import { ROOT } from '../support/processes.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** Made by programs, and not kept. */
const MADE = ['tests/e2e/shots', 'tests/fuzz/cases'];

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('package.json'));
const program = createProgram(() => {});
const optionsOf = new Map(
  program.commands.map((command) => [command.name(), ['--help', ...command.options.map((o) => o.long!)]]),
);
/** `--no-lora` and the like belong to what they negate. */
const everyOption = new Set([...optionsOf.values()].flat());

/** The modules of a folder, at any depth. */
function sources(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

/** Inline code, and the lines of fenced code with continued ones joined. */
function snippets(text: string): string[] {
  const fenced: string[] = [];
  const rest = text.replace(/^ *```[^\n]*\n([\s\S]*?)^ *```/gm, (_, body: string) => {
    fenced.push(...body.replace(/\\\n\s*/g, ' ').split('\n'));
    return '';
  });
  return [...fenced, ...[...rest.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replace(/\s+/g, ' '))];
}

/** Without the examples of other programs' input, comments and quoted texts. */
const bare = (snippet: string) => snippet.replace(/'[^']*'|"[^"]*"/g, '').replace(/ # .*/, '');

describe.each(PAGES)('%s', (page) => {
  const text = read(page);
  const flat = text.replace(/\s+/g, ' ');

  test('has each table row on one line', () => {
    const prose = text.replace(/^ *```[^\n]*\n[\s\S]*?^ *```/gm, '').split('\n');
    expect(prose.filter((line) => line.startsWith('|') && !line.endsWith('|'))).toEqual([]);
  });

  test('names only existing files', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!.replace(/#.*/, ''))
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .map((target) => path.posix.join(path.posix.dirname(page), target));
    const paths = [
      ...text.matchAll(/(?<![\w./<>-])(?:engine|extension|webview|python|tests|scripts|docs|media)\/[\w./-]+/g),
    ]
      .map(([found]) => found.replace(/[.-]+$/, ''))
      .filter((found) => !MADE.includes(found));
    const named = [...new Set([...links, ...paths])];
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  test('names only existing commands and options of the command line', () => {
    const commands = [...optionsOf.keys(), 'help'];
    const optionsIn = (args: string) => [...args.matchAll(/--[a-z][\w-]*/g)].map(([option]) => option);
    const unknown = snippets(text)
      .map(bare)
      .flatMap((snippet) => [
        ...[...snippet.matchAll(/(?:^|\| |\$ )rollscope ([a-z]+)\b([^|]*)/g)].flatMap(([, name, args]) => [
          ...(commands.includes(name!) ? [] : [name]),
          ...optionsIn(args!).filter((option) => !optionsOf.get(name!)?.includes(option)),
        ]),
        ...[...snippet.matchAll(/^npm start -- (.*)/g)].flatMap(([, args]) =>
          optionsIn(args!).filter((option) => !optionsOf.get('train')!.includes(option)),
        ),
        ...[...snippet.matchAll(/^npm run (?:-s )?([\w-]+)/g)]
          .map(([, script]) => script!)
          .filter((script) => !Object.hasOwn(manifest.scripts, script)),
      ]);
    expect(unknown).toEqual([]);
  });

  test('names only existing commands and settings of the editor', () => {
    const { commands, configuration } = manifest.contributes;
    const settings: string[] = configuration.flatMap(({ properties }: { properties: object }) =>
      Object.keys(properties),
    );
    const titles = new Set([
      ...commands.map(({ title }: { title: string }) => title),
      ...settings.map((name) => titleOf(name)),
    ]);
    // The file of configurations has a name of this form.
    const ids = [CONFIGURATIONS_FILE, ...settings, ...commands.map(({ command }: { command: string }) => command)];
    const named = (pattern: RegExp) => [...flat.matchAll(pattern)].map(([, name]) => name!);
    expect(named(/[*"]Rollscope: ([^*"]+)[*"]/g).filter((title) => !titles.has(title))).toEqual([]);
    expect(named(/`(rollscope\.[a-z]\w*(?:\.\w+)?)`/gi).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

test('options mentioned in the README are options of the command line', () => {
  const alone = snippets(read('README.md')).flatMap((snippet) => /^--[a-z][\w-]*/.exec(snippet)?.[0] ?? []);
  expect(alone.length).toBeGreaterThan(3);
  for (const option of alone) expect(everyOption.has(option) || option === '--json', option).toBe(true);
});

/** As the settings editor shows it: `rollscope.memoryLimit` is Memory Limit. */
function titleOf(setting: string): string {
  const words = setting
    .split('.')
    .at(-1)!
    .replace(/([A-Z])/g, ' $1');
  return words[0]!.toUpperCase() + words.slice(1);
}

/** The files that a module imports, types included. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import|import\() ?'(\.[^']+)'/g)].map(([, target]) =>
    path.posix.join(path.posix.dirname(file), target!),
  );
}

/** Groups of files of which each imports the others, directly or through others (Tarjan's algorithm). */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  /** The earliest open file that is reached from `file`. */
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    open.push(file);
    let lowest = own;
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (open.includes(target)) lowest = Math.min(lowest, order.get(target)!);
    }
    if (lowest === own) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return lowest;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found;
}

test('there are no circular imports, not even of types', () => {
  expect(circles(new Map(Object.entries({ a: ['b'], b: ['c', 'd'], c: ['a'], d: [] })))).toEqual([['a', 'b', 'c']]);
  const files = ['engine', 'extension', 'webview'].flatMap(sources);
  expect(circles(new Map(files.map((file) => [file, importsOf(file)])))).toEqual([]);
});

describe('the rooms of docs/architecture.md', () => {
  const allowed = new Map(
    [...read('docs/architecture.md').matchAll(/^\| `((?:engine\/)?\w+)` \|[^|]*\| (.*) \|$/gm)].map(
      ([, room, imports]) => [room!, [...imports!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)] as const,
    ),
  );

  /** The room of a file; null for the few that belong to none. */
  function roomOf(file: string): string | null {
    const [first, second, third] = file.split('/');
    if (first !== 'engine') return first === 'extension' || first === 'webview' ? first : null;
    return third === undefined ? null : `engine/${second}`;
  }

  function importedRooms(file: string): string[] {
    const targets = importsOf(file).map(roomOf);
    return targets.filter((room) => room !== null && room !== roomOf(file)) as string[];
  }

  test('are complete', () => {
    const rooms = readdirSync(path.join(ROOT, 'engine'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && sources(`engine/${entry.name}`).length > 0)
      .map(({ name }) => `engine/${name}`);
    expect([...allowed.keys()].sort()).toEqual([...rooms, 'extension', 'webview'].sort());
  });

  test('import only rooms above them', () => {
    const order = [...allowed.keys()];
    for (const [room, imports] of allowed) {
      for (const name of imports) expect(order.indexOf(name), `${room}: ${name}`).toBeLessThan(order.indexOf(room));
    }
  });

  test.each([...allowed.keys()])('%s imports what it declares', (room) => {
    const found = new Set(sources(room).flatMap(importedRooms));
    expect([...found].sort()).toEqual([...allowed.get(room)!].sort());
  });
});
