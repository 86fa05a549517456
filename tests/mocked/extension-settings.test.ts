/** What the editor makes of the settings that are its own. */
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { runsFolderSetting } from '../../extension/settings.ts';

const fake = vi.hoisted(() => ({ folders: undefined as unknown, runsFolder: '' }));
vi.mock('vscode', () => ({
  workspace: {
    get workspaceFolders() {
      return fake.folders;
    },
    getConfiguration: () => ({ get: () => fake.runsFolder }),
  },
}));

beforeEach(() => {
  fake.folders = [{ uri: { fsPath: path.resolve('/work') } }];
});

test.each([
  ['', null],
  ['runs', path.resolve('/work/runs')],
  [' ../runs ', path.resolve('/runs')],
  ['~/runs', path.join(os.homedir(), 'runs')],
  [path.resolve('/elsewhere'), path.resolve('/elsewhere')],
])('the folder for runs: "%s"', (given, expected) => {
  fake.runsFolder = given;
  expect(runsFolderSetting()).toBe(expected);
});

test('without an open folder, a relative one is in the home folder', () => {
  fake.folders = undefined;
  fake.runsFolder = 'runs';
  expect(runsFolderSetting()).toBe(path.join(os.homedir(), 'runs'));
});
