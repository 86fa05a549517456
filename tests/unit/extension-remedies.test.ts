/** What the engine says with options of the command line, as the editor shows it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { inEditor, settingIn } from '../../extension/remedies.ts';
import manifest from '../../package.json' with { type: 'json' };
import { wordingFile } from '../support/wording.ts';

const settings = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as object;

test.each([
  ['Lower --lr.', 'Lower the setting rollscope.learningRate.'],
  ['shorten it, or lower --max-tokens', 'shorten it, or lower the setting rollscope.maxTokens'],
  ['name it with --problem-field', 'name it with the setting rollscope.config: dataset.fields.problem'],
  ['a list -- of two', 'a list -- of two'],
])('%s', (text, shown) => {
  expect(inEditor(text).replace(/rollscope\.[\w.: ]+/g, 'S')).toBe(shown.replace(/rollscope\.[\w.: ]+/g, 'S'));
});

test('quoted parts of a message are not translated', () => {
  const output = 'usage: reward.py [--seed SEED] [--lr LR]';
  const text = `The reward program reward.py failed. Output:\n${output} Lower --lr.`;
  expect(inEditor(text, { output })).toBe(text.replace('Lower --lr', `Lower ${inEditor('--lr')}`));
});

test('every option of a run is a setting that exists', () => {
  for (const { setting } of SETTINGS) {
    for (const flag of [setting.flag, ...(setting.aliases ?? [])]) {
      if (flag === undefined) continue;
      const id = /^the setting (rollscope(?:\.\w+)+)/.exec(inEditor(flag))?.[1];
      expect(settings, flag).toHaveProperty([id!]);
    }
  }
});

/** Options of commands that the editor does not run, or does itself. */
const COMMANDS = new Set([
  '--help',
  '--out',
  '--all',
  '--format',
  '--problem',
  '--votes',
  '--split',
  '--run',
  '--engine',
  '--for',
  '--nodes',
  '--gpus',
  '--score-with',
  '--checkpoint',
]);
/** Its hint says what to do in the editor besides, or the editor asks instead of showing it. */
const SAID_BOTH_WAYS = new Set(['--allow-programs', '--allow-command']);
/** Of a command that a message quotes. */
const QUOTED = new Set(['--quietly']);

test('no refusal mentions a command-line option to a reader of the editor', () => {
  for (const surface of ['refusals', 'warnings']) {
    const left = inEditor(readFileSync(wordingFile(surface), 'utf8')).match(/--[a-z][a-z-]+/g) ?? [];
    expect(left.filter((flag) => !COMMANDS.has(flag) && !SAID_BOTH_WAYS.has(flag) && !QUOTED.has(flag))).toEqual([]);
  }
});

describe('the setting that a field refers to', () => {
  test.each([
    ['setting rollscope.learningRate', 'rollscope.learningRate'],
    ['setting rollscope.config: loss.clipLow', 'rollscope.config'],
    ['setting rollscope.engine.node', 'rollscope.engine.node'],
    ['--lr', null],
    [undefined, null],
  ])('%s', (field, setting) => {
    expect(settingIn(field)).toBe(setting);
  });
});
