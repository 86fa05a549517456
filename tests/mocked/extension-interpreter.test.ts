/** Which Python a run on TRL gets in the editor. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/index.ts';
import { withInterpreter } from '../../extension/interpreter.ts';
import { temporaryFolder } from '../support/processes.ts';

const fake = vi.hoisted(() => ({
  extension: undefined as unknown,
  workspace: { isTrusted: true, workspaceFolders: undefined as unknown, getWorkspaceFolder: () => undefined },
}));
vi.mock('vscode', () => ({
  workspace: fake.workspace,
  extensions: { getExtension: () => fake.extension },
}));

const config = (engine: RunConfigInput['engine'], job: 'train' | 'probe' = 'train') =>
  RunConfig.parse({ dataset: { path: 'p.jsonl' }, job, engine });

/** The Python extension, with this interpreter chosen; null: it knows none. */
function choose(chosen: string | null): void {
  const environments = {
    getActiveEnvironmentPath: () => ({ path: 'python' }),
    resolveEnvironment: async () => chosen && { executable: { uri: { fsPath: chosen } } },
  };
  fake.extension = { activate: async () => ({ environments }) };
}

beforeEach(() => {
  fake.extension = undefined;
  fake.workspace.isTrusted = true;
  fake.workspace.workspaceFolders = undefined;
});

function folderWithEnvironment(): string {
  const folder = temporaryFolder();
  const bin = path.join(folder, '.venv', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, 'python'), '');
  fake.workspace.workspaceFolders = [{ uri: { fsPath: folder } }];
  return path.join(bin, 'python');
}

const pythonOf = async (given: RunConfig) => (await withInterpreter(given, undefined)).engine?.python;

test('the one chosen in the Python extension, else that of the folder, else none', async () => {
  expect(await pythonOf(config({ kind: 'trl' }))).toBeUndefined();
  const own = folderWithEnvironment();
  expect(await pythonOf(config({ kind: 'trl' }))).toBe(own);
  choose('/envs/one/bin/python');
  expect(await pythonOf(config({ kind: 'trl' }))).toBe('/envs/one/bin/python');
  choose(null);
  expect(await pythonOf(config({ kind: 'trl' }))).toBe(own);
  fake.extension = { activate: () => Promise.reject(new Error('broken')) };
  expect(await pythonOf(config({ kind: 'trl' }))).toBe(own);
});

test('a setting has precedence, and runs of this engine need none', async () => {
  choose('/envs/one/bin/python');
  expect(await pythonOf(config({ kind: 'trl', python: '/mine' }))).toBe('/mine');
  expect(await pythonOf(config({ kind: 'rollscope' }))).toBeUndefined();
  expect(await pythonOf(config({ kind: 'trl' }, 'probe'))).toBeUndefined();
  expect(await pythonOf(config(undefined))).toBeUndefined();
});

test('in Restricted Mode the folder and its choice name no program', async () => {
  folderWithEnvironment();
  choose('/envs/one/bin/python');
  fake.workspace.isTrusted = false;
  expect(await pythonOf(config({ kind: 'trl' }))).toBeUndefined();
});
