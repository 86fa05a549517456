/** Imports as the editor runs them: how far they are, stopping, what is followed in the next window, and what is offered. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findDumps } from '../../engine/importers/find.ts';
import { type Followed, Imports } from '../../extension/imports/imports.ts';
import { offerDumps } from '../../extension/imports/offer.ts';
import { editor, resetEditor } from '../support/editor.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { until } from '../support/wait.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const DUMPS = path.join(import.meta.dirname, '../fixtures/dumps');
const REPORT = {
  problems: 1,
  rollouts: 4,
  steps: 1,
  faults: 0,
  named: [],
  disagreements: 0,
  compared: 0,
  rewardIsVote: false,
};
const PROGRESS = { bytes: 1, total: 2, steps: 1, rollouts: 4, waiting: false };

/**
 * A command line that prints progress, a remark and a report; with `--follow` it continues until it is asked to end.
 * What it was called with is in `calls`.
 */
function commandLine({ held = 0 } = {}) {
  const root = temporaryFolder();
  const calls = path.join(root, 'calls');
  const cli = path.join(root, 'cli.cjs');
  writeFileSync(calls, '');
  writeFileSync(
    cli,
    `const fs = require('node:fs'); const args = process.argv.slice(2);
    fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify(args) + '\\n');
    const after = (name) => args[args.indexOf(name) + 1];
    const folder = require('node:path').join(after('--out'), after('--name'));
    const tries = fs.readFileSync(${JSON.stringify(calls)}, 'utf8').trim().split('\\n').length;
    if (tries <= ${held}) {
      console.log(JSON.stringify({ error: { code: 'run-in-use', message: 'In use.' } }));
      process.exit(2);
    }
    console.log(JSON.stringify({ progress: ${JSON.stringify(PROGRESS)} }));
    console.error('a remark');
    const end = () => { console.log(JSON.stringify({ folder, ...${JSON.stringify(REPORT)} })); process.exit(0); };
    if (!args.includes('--follow')) end();
    process.on('SIGTERM', end); setInterval(() => {}, 1000);`,
  );
  return {
    program: () => ({ node: process.execPath, cli }),
    calls: () =>
      readFileSync(calls, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]),
  };
}

const open: Imports[] = [];
afterEach(() => {
  for (const imports of open.splice(0)) imports.dispose();
});

function window(program: ReturnType<typeof commandLine>['program'], runs: string, remembered: Followed[] = []) {
  const memory = { followed: remembered };
  const imports = new Imports(program, () => runs, {
    read: () => memory.followed,
    write: (followed) => {
      memory.followed = [...followed];
    },
  });
  open.push(imports);
  return { imports, memory };
}

describe('an import', () => {
  test('shows its progress and its result', async () => {
    const { program, calls } = commandLine();
    const { imports } = window(program, temporaryFolder());
    const job = await imports.begin({ source: '/dumps/a', follow: false, map: 'prompt=q' });
    const progress: unknown[] = [];
    job.onDidProgress((now) => progress.push(now));
    expect(imports.of(job.folder)).toBe(job);
    expect(await job.done).toEqual({ folder: job.folder, ...REPORT });
    expect(progress).toEqual([PROGRESS]);
    expect(imports.of(job.folder)).toBeUndefined();
    const [args] = calls();
    expect(args).toEqual([
      ...['import', '--json', '/dumps/a', '--out', path.dirname(job.folder), '--name', path.basename(job.folder)],
      ...['--progress', '--map', 'prompt=q'],
    ]);
  });

  test('of two at the same time has its own run', async () => {
    const { program } = commandLine();
    const { imports } = window(program, temporaryFolder());
    const [a, b] = await Promise.all(['/x/dump', '/y/dump'].map((source) => imports.begin({ source, follow: true })));
    expect(a!.folder).not.toBe(b!.folder);
  });

  test('continues the run that an earlier import of the same path started', async () => {
    const runs = temporaryFolder();
    const source = path.join(DUMPS, 'verl-0.9.1');
    const folder = path.join(runs, 'import-verl-20260101-000000');
    await importFrom(source, folder);
    const { program } = commandLine();
    const { imports } = window(program, runs);
    expect((await imports.begin({ source, follow: true })).folder).toBe(folder);
  });

  test("rejects with the command line's own error", async () => {
    const { program } = commandLine({ held: 1 });
    const { imports } = window(program, temporaryFolder());
    const job = await imports.begin({ source: '/dumps/a', follow: false });
    await expect(job.done).rejects.toMatchObject({ code: 'run-in-use' });
  });
});

describe('a folder that is followed', () => {
  test('is followed in the next window, in the same run, once the former has released it', async () => {
    const runs = temporaryFolder();
    const first = commandLine();
    const before = window(first.program, runs);
    const job = await before.imports.begin({ source: '/dumps/a', follow: true });
    await until('progress', () => job.progress !== null);
    expect(await before.imports.begin({ source: '/dumps/a', follow: true })).toBe(job);
    before.imports.dispose();
    expect(await job.done).toBeNull();
    expect(before.memory.followed).toEqual([{ source: '/dumps/a', follow: true, folder: job.folder }]);

    const second = commandLine({ held: 1 });
    const after = window(second.program, runs, before.memory.followed);
    after.imports.restore();
    const [again] = after.imports.following;
    await until('progress', () => again!.progress !== null);
    expect(again!.folder).toBe(job.folder);
    expect(second.calls()).toHaveLength(2);
    expect(second.calls()[1]).toContain('--follow');
  });

  test('is forgotten once it is no longer followed', async () => {
    const { program } = commandLine();
    const { imports, memory } = window(program, temporaryFolder());
    const job = await imports.begin({ source: '/dumps/a', follow: true });
    await until('progress', () => job.progress !== null);
    job.stop();
    expect(await job.done).toBeNull();
    await until('the end', () => imports.following.length === 0);
    expect(memory.followed).toEqual([]);
  });
});

describe("a workspace's dumps", () => {
  test("are found by content, as are the parts of a dump, but not Rollscope's runs", async () => {
    const root = temporaryFolder();
    const file = (name: string, text: string) => {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    };
    const row = `${JSON.stringify({ input: 'user\n1+1?\nassistant\n', output: '\\boxed{2}', gts: '2', score: 1, step: 1 })}\n`;
    file('a/b/verl/train/1.jsonl', row);
    file('a/b/verl/val/0.jsonl', row);
    file('problems.jsonl', '{"question": "1+1?", "answer": "2"}\n');
    file('a/other/1.jsonl', '{"question": "1+1?", "answer": "2"}\n');
    file('.hidden/deep/1.jsonl', row);
    file('node_modules/x/1.jsonl', row);
    await importFrom(path.join(root, 'a/b/verl'), path.join(root, 'runs', 'run'));
    file('runs/run/dumps/1.jsonl', row);
    const found = await findDumps(root);
    expect(found.map(({ path: at, format, part }) => [path.relative(root, at), format, part])).toEqual([
      ['a/b/verl', 'verl', false],
      ['a/b/verl/train', 'verl', true],
      ['a/b/verl/val', 'verl', true],
    ]);
  });

  test('are offered once per folder, not where one was imported, and never again on request', async () => {
    resetEditor();
    const memory = () => {
      const kept = new Map<string, unknown>();
      return {
        get: (key: string, usual: unknown) => kept.get(key) ?? usual,
        update: async (key: string, value: unknown) => void kept.set(key, value),
      } as never;
    };
    const places = { workspace: memory(), everywhere: memory() };
    const dump = (name: string, part = false) => ({ path: `/work/${name}`, format: 'verl', title: 'verl', part });
    const offer = (dumps: ReturnType<typeof dump>[]) =>
      offerDumps(dumps, async (folder) => folder === '/work/known', places);
    editor.pressed = ['Follow'];
    await offer([dump('a'), dump('a/train', true), dump('known')]);
    expect(editor.shown).toHaveLength(1);
    expect(editor.executed).toEqual([['rollscope.followFolder', '/work/a']]);
    await offer([dump('a')]);
    expect(editor.shown).toHaveLength(1);
    editor.pressed = ["Don't Ask Again"];
    await offer([dump('b'), dump('c')]);
    await offer([dump('d')]);
    expect(editor.shown).toHaveLength(2);
  });
});
