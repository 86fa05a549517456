/** `rollscope.json`: named configurations for the command line and the editor, and the schema that describes them. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { configFromOptions } from '../../engine/cli/run-config.ts';
import { buildRunConfig } from '../../engine/config/layers.ts';
import { hasConfigurations, namedConfiguration } from '../../engine/config/named-configurations.ts';
import { SETTINGS, TRAIN_TOPICS } from '../../engine/config/settings.ts';
import { findConfigurations } from '../../extension/editor/configurations.ts';
import { forkSettings, parseSetting, typedText } from '../../extension/fork-settings.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectThrow } from '../support/refusals.ts';

vi.mock('vscode', () => ({ languages: { registerCodeLensProvider: () => ({ dispose: () => undefined }) } }));

const VALUE = {
  configurations: {
    first: { dataset: { path: 'sums.jsonl' }, optimizer: { lr: 1e-4 }, steps: 3 },
    second: { job: 'probe', dataset: { path: 'sums.jsonl' }, votes: 16 },
  },
};

describe('named configurations', () => {
  test('are found by name; a single one needs no name', () => {
    expect(hasConfigurations(VALUE)).toBe(true);
    expect(hasConfigurations({ steps: 3 })).toBe(false);
    expect(namedConfiguration(VALUE, 'first', 'f')).toBe(VALUE.configurations.first);
    const only = { configurations: { one: { steps: 1 } } };
    expect(namedConfiguration(only, undefined, 'f')).toBe(only.configurations.one);
    const reason = 'no-such-configuration';
    expectThrow(() => namedConfiguration(VALUE, undefined, 'f'), 'config', { reason, allowed: ['first', 'second'] });
    expectThrow(() => namedConfiguration(VALUE, 'third', 'f'), 'config', { reason, value: 'third' });
    expectThrow(() => namedConfiguration(VALUE, 'toString', 'f'), 'config', { reason });
    expectThrow(() => namedConfiguration({ configurations: {} }, undefined, 'f'), 'config', { reason });
  });

  test('are read by --config, with paths relative to their file', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'rollscope.json');
    writeFileSync(file, JSON.stringify(VALUE));
    const config = configFromOptions('train', undefined, { config: `${file}#first` }, TRAIN_TOPICS);
    expect(config).toMatchObject({
      steps: 3,
      optimizer: { lr: 1e-4 },
      dataset: { path: path.join(folder, 'sums.jsonl') },
    });
    const reason = 'no-such-configuration';
    expectThrow(() => configFromOptions('train', undefined, { config: file }, TRAIN_TOPICS), 'config', { reason });
  });

  test('have lenses, also while the file is being edited', () => {
    const text = JSON.stringify(VALUE, null, 2);
    const found = findConfigurations(text);
    expect(found.map(({ name, job }) => [name, job])).toEqual([
      ['first', 'train'],
      ['second', 'probe'],
    ]);
    for (const { name, offset } of found) expect(text.slice(offset)).toMatch(new RegExp(`^"${name}"`));
    expect(findConfigurations('{"configurations": {"a": {"steps": 3}, "b":').map(({ name }) => name)).toEqual(['a']);
    expect(findConfigurations('')).toEqual([]);
    expect(findConfigurations('{"configurations": 3}')).toEqual([]);
  });
});

describe('the schema', () => {
  const schema = JSON.parse(readFileSync(path.join(ROOT, 'media', 'rollscope.schema.json'), 'utf8'));

  test('has every setting of a run, and no other keys', () => {
    for (const { path: place } of SETTINGS) {
      let node = schema.definitions.configuration;
      for (const part of place.split('.')) {
        expect(node.additionalProperties, place).toBe(false);
        node = node.properties[part];
        expect(node, place).toBeDefined();
      }
      expect(node.description, place).toMatch(/\.$/);
    }
  });
});

describe('the settings that a fork may change', () => {
  const config = buildRunConfig({ job: 'train' }, []);
  const settings = forkSettings(TRAIN_TOPICS);

  test('begin with the learning rate, and leave out those that a checkpoint determines', () => {
    const paths = settings.map(({ path: place }) => place);
    expect(paths.slice(0, 3)).toEqual(['optimizer.lr', 'steps', 'reward']);
    expect(paths.filter((place) => /^(model|lora|dataset)/.test(place))).toEqual([]);
  });

  test('are entered as texts that give the same values', () => {
    for (const { path: place, setting } of settings) {
      const value = place.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], config);
      if (value === undefined) continue;
      const text = typedText(value as never);
      const { value: again, error } = parseSetting(setting, text);
      expect([place, error, again]).toEqual([place, null, value]);
    }
  });

  test('explain what is wrong with a text', () => {
    const of = (place: string) => settings.find((candidate) => candidate.path === place)!.setting;
    expect(parseSetting(of('steps'), '1.5').error).toBe('Enter a whole number.');
    expect(parseSetting(of('optimizer.lr'), 'fast').error).toBe('Enter a number.');
    expect(parseSetting(of('optimizer.schedule'), 'none').error).toMatch(/^Enter one of: /);
    expect(parseSetting(of('reward'), 'a +').error).not.toBeNull();
  });
});
