/** The descriptions of settings, and what is made of them. */
import { describe, expect, test } from 'vitest';
import { helpText } from '../../engine/cli/options.ts';
import { createProgram } from '../../engine/cli/program.ts';
import { defaultText } from '../../engine/config/defaults.ts';
import { parseRunConfig } from '../../engine/config/layers.ts';
import { setAt, valueAt } from '../../engine/config/objects.ts';
import { SETTINGS, settingAt } from '../../engine/config/settings.ts';
import { RunConfig, StoredRunConfig } from '../../engine/protocol/config.ts';
import type { PlacedSetting } from '../../engine/protocol/settings/kit.ts';
import { RewardOptions, rewards } from '../../engine/reward/index.ts';
import { fullHelp } from '../../scripts/generate/cli-page.ts';

const dataset = { path: '/problems.jsonl' };
const placed = (path: string) => SETTINGS.find((candidate) => candidate.path === path)!;
const command = (name: string) => createProgram(() => {}).commands.find((candidate) => candidate.name() === name)!;

/** Names in TRL or verl that cannot be options here. */
const UNLIKE = [
  // Of something that has another unit, or other values.
  ...['batch: generation-batch-size / num-generations', 'loss.miniBatch: steps-per-generation'],
  ...['loss.ratio: loss-mode', 'optimizer.beta1: betas', 'optimizer.beta2: betas', 'reward: reward-model'],
  // One option cannot be two: TRL's epsilon is both bounds, `--num-generations` is `--group`, and votes follow.
  ...['loss.clipLow: epsilon', 'votes: num-generations'],
  // Of something else outside its section.
  ...['model: path', 'group: n', 'evaluation.samples: n', 'evaluation.temperature: temperature'],
  ...['evaluation.topP: top-p', 'optimizer.epsilon: eps', 'optimizer.minimum: min-lr-rate'],
  // Columns of data that are so called.
  ...['dataset.fields.prompt: prompt', 'dataset.fields.answer: ground-truth'],
];

describe('every setting', () => {
  test('is a field of a complete configuration, and no field is without a setting', () => {
    const config = parseRunConfig({ dataset: { ...dataset, system: '', limit: 1, ids: ['a'] }, lora: {} });
    const complete = { ...config, evaluation: { ...config.evaluation, dataset: config.dataset, limit: 1 } };
    const leaves = (value: unknown, at = ''): string[] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, at ? `${at}.${key}` : key))
        : [at];
    const unset = ['dataset.fields', 'evaluation.dataset.fields', 'job'];
    for (const leaf of leaves(complete)) {
      expect(unset.includes(leaf) || settingAt(leaf) !== undefined, leaf).toBe(true);
    }
    expect(leaves(complete).length).toBeGreaterThan(80);
  });

  test('has unique flags', () => {
    const flags = SETTINGS.flatMap(({ setting }) => [
      ...(setting.flag ? [setting.flag] : []),
      ...(setting.aliases ?? []),
      ...(setting.former ?? []),
      ...(setting.absolute ? [setting.absolute.flag] : []),
    ]);
    expect(flags.filter((flag, i) => flags.indexOf(flag) !== i)).toEqual([]);
  });

  test('accepts the names of TRL and verl as options, or has a reason not to', () => {
    const named = SETTINGS.filter(({ setting }) => setting.flag && (setting.trl || setting.verl));
    expect(named.length).toBeGreaterThan(40);
    const missing = named.flatMap(({ path, setting: { flag, aliases = [], absolute, trl, verl } }) => {
      const flags = [flag!, ...aliases, ...(absolute ? [absolute.flag] : [])].map((item) =>
        item.replace(/^--(no-)?/, ''),
      );
      return [trl, verl]
        .flatMap((names) => names?.split('; ') ?? [])
        .map((name) => name.replace(/ \(.*/, '').split('.').at(-1)!.replaceAll('_', '-'))
        .filter((name) => !flags.includes(name))
        .map((name) => `${path}: ${name}`);
    });
    expect(missing.sort()).toEqual([...UNLIKE].sort());
  });

  test('has a default, or says what applies without one', () => {
    const silent = SETTINGS.filter((item) => item.setting.flag && defaultText(item) === null).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test('accepts its own example', () => {
    for (const { path, setting } of SETTINGS as readonly PlacedSetting[]) {
      if (setting.example === undefined || !/integer|number/.test(setting.kind.type)) continue;
      const value = Number(setting.example);
      const input = { dataset, evaluation: { dataset } };
      setAt(input, path, value);
      expect(valueAt(parseRunConfig(input), path), path).toBe(value);
    }
  });
});

describe('help', () => {
  test('shows a default for every option with a value', () => {
    const valued = command('train').options.filter(({ hidden, flags }) => !hidden && /[<[]/.test(flags));
    const bare = valued.filter(
      ({ description, defaultValue }) => !description.includes('(default: ') && defaultValue === undefined,
    );
    expect(bare.map(({ long }) => long)).toEqual(['--config']);
    const help = fullHelp(command('train')).replace(/\s+/g, ' ');
    expect(help).toContain('(default: 32 (embedded), 8 (others))');
  });

  test('describes every option, and gives examples for long pages', () => {
    for (const one of createProgram(() => {}).commands) {
      expect(one.description(), one.name()).not.toBe('');
      for (const { flags, description, hidden } of one.options) {
        if (!hidden) expect(description, `${one.name()} ${flags}`).not.toBe('');
      }
      if (one.options.length > 4) expect(fullHelp(one), one.name()).toContain('rollscope');
    }
  });
});

describe('names of rewards', () => {
  test('are those of their options, in camel case', () => {
    const options = Object.keys(RewardOptions.parse({})).sort();
    const named = rewards.filter((reward) => reward.options).map(({ name }) => name);
    expect(options.map((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))).toEqual(named.sort());
  });
});

describe('stored configurations', () => {
  test('are read with unknown keys, and written without them', () => {
    const stored = { dataset, optimizer: { lr: 1e-5, momentum: 1 }, later: {} };
    expect(RunConfig.safeParse(stored).success).toBe(false);
    const read = StoredRunConfig.parse(stored);
    expect(read.optimizer.lr).toBe(1e-5);
    expect(Object.keys(read)).not.toContain('later');
  });

  test('keep the meaning of renamed choices', () => {
    const { loss } = RunConfig.parse({
      dataset,
      loss: { normalizer: 'token-mean', klEstimator: 'low_var_kl' } as never,
    });
    expect(loss).toMatchObject({ normalizer: 'dapo', klEstimator: 'k3' });
  });

  test('keep the template placeholders that they were written with', () => {
    expect(placed('dataset.template').setting.default).toBe('{{problem}}');
  });
});

test('help names every choice of an option, and every reward', () => {
  const choices = SETTINGS.filter(({ setting }) => setting.flag && setting.kind.type === 'choice');
  expect(choices.length).toBeGreaterThan(8);
  for (const placed of choices) {
    const { kind, flag } = placed.setting;
    for (const choice of Object.keys(kind.type === 'choice' ? kind.choices : {})) {
      expect(helpText(placed), flag).toMatch(new RegExp(`(?<![\\w-])${choice.replaceAll('+', '\\+')}(?![\\w-])`));
    }
  }
  const reward = helpText(settingAt('reward')!);
  for (const { name } of rewards) expect(reward).toContain(name);
});
