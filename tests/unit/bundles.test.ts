/** What a user downloads and what a start loads: no bundle grows unnoticed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT, temporaryFolder } from '../support/processes.ts';

/**
 * Kilobytes (1000 bytes) of a production build, measured. A bundle may be 3% larger; when it has a reason to be, put the
 * new size here; when it shrinks, lower it.
 */
const SIZES = {
  /** What `rollscope --help` loads. */
  help: 141,
  /** All of the command line and the compute worker. */
  engine: 2405,
  /** What the compute worker loads when it starts. */
  worker: 619,
  /** What a thread of an import loads. */
  judge: 250,
  extension: 820,
  panel: 451,
  /** The page that compares runs. */
  compare: 162,
  /** What takes the editor's place in a browser, and the host of a run that is inside the page. */
  browser: 56,
};
const TOLERANCE = 1.03;

interface Output {
  bytes: number;
  entryPoint?: string;
  imports: { path: string; kind: string; external?: boolean }[];
  inputs: Record<string, { bytesInOutput: number }>;
}

let folder: string;
let outputs: Record<string, Output>;

beforeAll(() => {
  folder = temporaryFolder();
  const metafile = path.join(folder, 'meta.json');
  const args = ['scripts/build.mjs', '--production', '--out', path.join(folder, 'dist'), '--metafile', metafile];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  ({ outputs } = JSON.parse(readFileSync(metafile, 'utf8')));
});

/** The files that a program loads before it runs: itself and what it imports statically. */
function loadedBy(program: string): string[] {
  const files = new Set<string>();
  const add = (name: string) => {
    if (files.has(name)) return;
    files.add(name);
    for (const { path: imported, kind, external } of outputs[name]!.imports) {
      if (kind === 'import-statement' && !external) add(imported);
    }
  };
  add(program);
  return [...files];
}

const bytes = (names: readonly string[]) => names.reduce((sum, name) => sum + outputs[name]!.bytes, 0);
const sourcesOf = (names: readonly string[]) => names.flatMap((name) => Object.keys(outputs[name]!.inputs));
const roomsOf = (sources: readonly string[]) =>
  new Set(sources.flatMap((name) => /^engine\/(\w+)\//.exec(name)?.[1] ?? []));

/** The scripts of pages. */
const PAGE = ['panel.js', 'compare.js', 'browser.js'];

test('a checkout is built only if every program of a build exists', () => {
  const install = readFileSync(path.join(ROOT, 'scripts', 'install.mjs'), 'utf8');
  const looked = /OUTPUTS = \[(.*)\]/.exec(install)![1]!.match(/[\w.]+/g);
  const programs = Object.keys(outputs).filter((name) => /^\w+\.c?js$/.test(name));
  expect(looked!.sort()).toEqual(programs.sort());
});

describe('the bundle', () => {
  const engine = () => Object.keys(outputs).filter((name) => name.endsWith('.js') && !PAGE.includes(name));
  test.each([
    ['help', () => loadedBy('cli.js')],
    ['engine', engine],
    ['worker', () => loadedBy('compute.js')],
    ['judge', () => loadedBy('judge.js')],
    ['extension', () => ['extension.cjs']],
    ['panel', () => ['panel.js']],
    ['compare', () => ['compare.js']],
    ['browser', () => ['browser.js']],
  ] as const)('%s stays within its size', (name, files) => {
    const kilobytes = bytes(files()) / 1000;
    expect(kilobytes, `${name}: ${kilobytes.toFixed(0)} kB`).toBeLessThanOrEqual(SIZES[name] * TOLERANCE);
  });

  test('for help contains the definitions, and no part of the engine that does work', () => {
    expect(roomsOf(sourcesOf(loadedBy('cli.js')))).toEqual(new Set(['cli', 'config', 'protocol']));
  });

  test('for help has no schemas', () => {
    expect(sourcesOf(loadedBy('cli.js')).filter((name) => name.includes('node_modules/zod/'))).toEqual([]);
  });

  test('for the list of runs contains neither rewards nor grading', () => {
    const of = Object.keys(outputs).find((name) => outputs[name]!.inputs['engine/cli/commands/runs.ts'])!;
    const sources = sourcesOf(loadedBy(of)).filter((name) => /^engine\/(reward|grading)\//.test(name));
    expect(sources.sort()).toEqual(['engine/reward/correctness-rewards.ts', 'engine/reward/says-right.ts']);
  });

  test.each(PAGE)('%s contains neither schemas nor Node, and only parts of the engine that need no files', (script) => {
    const { inputs, imports } = outputs[script]!;
    const sources = Object.keys(inputs);
    expect(sources.filter((name) => name.includes('node_modules/zod/'))).toEqual([]);
    // An import that is left is one of Node: everything else is in the bundle.
    expect(imports).toEqual([]);
    for (const room of roomsOf(sources)) expect(['analysis', 'messages', 'protocol', 'runs']).toContain(room);
    expect(readFileSync(path.join(folder, 'dist', script), 'utf8')).not.toMatch(/require\("|from"node:/);
  });

  test('of the extension contains no part of the engine that computes', () => {
    const { inputs, imports } = outputs['extension.cjs']!;
    const packages = imports.map(({ path: imported }) => imported).filter((imported) => !isBuiltin(imported));
    expect(new Set(packages)).toEqual(new Set(['vscode']));
    // The intervals of compared runs, of numbers that the host has.
    const statistics = ['engine/analysis/estimates.ts', 'engine/analysis/paired.ts'];
    const rooms = roomsOf(Object.keys(inputs).filter((name) => !statistics.includes(name)));
    for (const room of ['tensor', 'runtime', 'model', 'rollout', 'training', 'analysis', 'experiments', 'external']) {
      expect(rooms).not.toContain(room);
    }
  });

  test("of the extension imports the editor's API once: each import costs a copy of its 400 members", () => {
    const script = readFileSync(path.join(folder, 'dist', 'extension.cjs'), 'utf8');
    expect(script.match(/require\("vscode"\)/g)).toHaveLength(1);
  });

  test("contains zod's messages in English only", () => {
    const languages = sourcesOf(Object.keys(outputs)).filter((name) => /zod\/v4\/locales\/(?!en\.)/.test(name));
    expect(languages).toEqual([]);
  });

  test('finds every chunk that it names', () => {
    for (const { imports } of Object.values(outputs)) {
      for (const { path: imported, external } of imports) {
        if (!external) expect(existsSync(path.join(folder, 'dist', imported)), imported).toBe(true);
      }
    }
  });
});
