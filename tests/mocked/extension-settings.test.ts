/** What the editor makes of the settings that are its own. */
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type * as vscode from 'vscode';
import {
  codeLensEnabled,
  engineNode,
  fieldsSetting,
  runsFolderSetting,
  sandbox,
  shading,
  whenAlone,
} from '../../extension/settings.ts';
import { expectThrow } from '../support/refusals.ts';

const fake = vi.hoisted(() => ({ folders: undefined as unknown, values: {} as Record<string, unknown> }));
vi.mock('vscode', () => ({
  workspace: {
    get workspaceFolders() {
      return fake.folders;
    },
    getConfiguration: () => ({ get: (id: string, usual: unknown) => fake.values[id] ?? usual }),
  },
}));

beforeEach(() => {
  fake.folders = [{ uri: { fsPath: path.resolve('/work') } }];
  fake.values = {};
});

test.each([
  ['', null],
  ['runs', path.resolve('/work/runs')],
  [' ../runs ', path.resolve('/runs')],
  ['~/runs', path.join(os.homedir(), 'runs')],
  [path.resolve('/elsewhere'), path.resolve('/elsewhere')],
])('the folder for runs: "%s"', (given, expected) => {
  fake.values.runsFolder = given;
  expect(runsFolderSetting()).toBe(expected);
});

test('without an open folder, a relative one is in the home folder', () => {
  fake.folders = undefined;
  fake.values.runsFolder = 'runs';
  expect(runsFolderSetting()).toBe(path.join(os.homedir(), 'runs'));
});

test('views use the default for invalid values', () => {
  const anywhere = {} as vscode.Uri;
  for (const value of [5, true, [], {}, 'nothing']) {
    fake.values = { runsFolder: value === 'nothing' ? 5 : value, shading: value, codeLens: 'no', fields: 'prompt' };
    expect([runsFolderSetting(), shading(), codeLensEnabled(anywhere), fieldsSetting(anywhere)]).toEqual([
      null,
      'surprise',
      true,
      {},
    ]);
  }
});

test('no engine is started with them', () => {
  expect([engineNode(), whenAlone(), sandbox()]).toEqual([null, 'continue', 'none']);
  fake.values = { 'engine.node': ' /usr/bin/node ', 'engine.whenAlone': 'go-on', 'engine.sandbox': 'auto' };
  expect([engineNode(), whenAlone(), sandbox()]).toEqual(['/usr/bin/node', 'continue', 'auto']);
  fake.values = { 'engine.node': 20, 'engine.whenAlone': 'toString', 'engine.sandbox': 'bublewrap' };
  for (const [id, read] of [
    ['engine.node', engineNode],
    ['engine.whenAlone', whenAlone],
    ['engine.sandbox', sandbox],
  ] as const) {
    expectThrow(read, 'config', { reason: 'bad-value', field: `setting rollscope.${id}`, value: fake.values[id] });
  }
});
