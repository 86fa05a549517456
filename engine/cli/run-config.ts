/** Converts the command line to configuration layers: experiment defaults, the `--config` file, the options. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import stringArgv from 'string-argv';
import { defaultText } from '../config/defaults.ts';
import type { Layer, ValueOrigin } from '../config/layer.ts';
import { buildRunConfig } from '../config/layers.ts';
import { allowedFor, boundsOf } from '../config/messages.ts';
import { hasConfigurations, namedConfiguration } from '../config/named-configurations.ts';
import { type ConfigValues, objectAt, setAt } from '../config/objects.ts';
import { datasetReference, modelReference, type PathBase, withAbsolutePaths } from '../config/paths.ts';
import { refuseOtherEngines } from '../config/refusals.ts';
import type { RunSetting, SettingTopic } from '../config/settings.ts';
import { ENGINE_TOPIC } from '../config/settings.ts';
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { mergeConfig } from '../protocol/presets.ts';
import { bytesIn } from '../protocol/settings/size.ts';
import { isObject } from '../protocol/values.ts';
import { attributeOf, flagsOf, type RunFlag } from './options.ts';

/** The options collected by commander: raw texts, by attribute. */
export type RawOptions = Record<string, string | boolean | string[] | undefined>;

const currentPlace = (): PathBase => ({ folder: process.cwd(), home: homedir(), exists: existsSync });

/**
 * @param dataset path as the user wrote it; default: the `--config` file's, else the embedded problems
 * @param defaults take precedence over the model's preset, but not over the file and the options
 * @throws RollscopeError `usage` for invalid numbers or sizes, `config` for values out of range or a bad file
 */
export function configFromOptions(
  job: RunConfig['job'],
  dataset: string | undefined,
  raw: RawOptions,
  topics: readonly SettingTopic[],
  defaults: object = {},
): RunConfig {
  const layers: Layer[] = [{ source: { kind: 'experiment' }, values: { ...defaults } }];
  if (typeof raw.config === 'string') layers.push(configFile(raw.config));
  const options = optionLayer(raw, topics);
  layers.push(options);
  const config = buildRunConfig(
    { job, dataset: dataset === undefined ? undefined : datasetReference(dataset, currentPlace()) },
    layers,
  );
  // `rollscope job` has no --engine: it names the trainer itself.
  if (topics.includes(ENGINE_TOPIC)) refuseOtherEngines(config, options.given?.keys() ?? []);
  return config;
}

/** Makes files and folders absolute, because the engine may run elsewhere; keeps Hub ids and embedded models. */
export function resolveModel(model: string): string {
  return modelReference(model, currentPlace());
}

/** The options used, as a nested object shaped like `RunConfig`, with the names that were used. */
function optionLayer(raw: RawOptions, topics: readonly SettingTopic[]): Layer {
  const values: ConfigValues = {};
  const given = new Map<string, ValueOrigin>();
  const absolute: NonNullable<Layer['absolute']>[number][] = [];
  for (const used of usedFlags(raw, topics)) {
    const value = raw[attributeOf(used.flag)];
    const { path, setting } = used.placed;
    if (path === 'lora.rank') continue;
    if (used.absolute) {
      const rate = numberIn(used, value as string);
      absolute.push({ path, of: setting.absolute!.of, value: rate, name: used.flag });
    } else {
      setAt(values, path, parseFlagValue(used, value as string | boolean | string[]));
    }
    given.set(path, { name: used.flag, ...(setting.kind.type === 'bytes' && { text: String(value) }) });
  }
  loraFrom(raw, topics, values, given);
  return {
    source: { kind: 'option' },
    values: withAbsolutePaths(values, currentPlace()),
    given,
    absolute,
    advice: defaultAdvice,
  };
}

/**
 * The options in use, of the topics.
 * @throws RollscopeError `usage` where two names of one option have different values
 */
function usedFlags(raw: RawOptions, topics: readonly SettingTopic[]): RunFlag[] {
  const used = topics.flatMap(flagsOf).filter(({ flag }) => {
    const value = raw[attributeOf(flag)];
    return flag.startsWith('--no-') ? value === false : value !== undefined;
  });
  const first = new Map<string, RunFlag>();
  for (const one of used) {
    const value = raw[attributeOf(one.flag)];
    // `--lora` alone says nothing of the rank.
    if (value === true) continue;
    const other = first.get(one.placed.path);
    if (!other) first.set(one.placed.path, one);
    else if (String(raw[attributeOf(other.flag)]) !== String(value) || one.absolute)
      throw contradicting(nameIn(raw, other), one);
  }
  return used;
}

/** `--no-lora` is in the place of `--lora`. */
function nameIn(raw: RawOptions, { flag }: RunFlag): string {
  return raw[attributeOf(flag)] === false ? `--no-${flag.replace(/^--(no-)?/, '')}` : flag;
}

function contradicting(flag: string, other: RunFlag): RollscopeError {
  return new RollscopeError(
    'usage',
    `${flag} and ${other.flag} are the same setting, with different values.`,
    'Use one of them.',
    {
      details: { reason: 'contradiction', field: other.flag, other: flag, settings: [other.placed.path] },
    },
  );
}

/** `--lora` takes the preset's or default rank, `--lora 8` that rank, `--no-lora` trains all weights. */
function loraFrom(
  raw: RawOptions,
  topics: readonly SettingTopic[],
  values: ConfigValues,
  given: Map<string, ValueOrigin>,
): void {
  const flags = usedFlags(raw, topics).filter(({ placed }) => placed.path === 'lora.rank');
  // `--lora --lora-rank 8` is an adapter of rank 8.
  const used = flags.find(({ flag }) => raw[attributeOf(flag)] !== true) ?? flags[0];
  if (!used) return;
  const value = raw[attributeOf(used.flag)];
  if (value === false) {
    if (values.lora !== undefined) {
      throw new RollscopeError(
        'usage',
        '--no-lora contradicts --lora-alpha and --lora-targets.',
        'Use one or the other.',
        { details: { reason: 'contradiction', field: '--no-lora' } },
      );
    }
    values.lora = null;
    given.set('lora', { name: '--no-lora' });
    return;
  }
  const rank = typeof value === 'string' ? { rank: numberIn(used, value) } : {};
  values.lora = mergeConfig(rank, objectAt(values, 'lora'));
  given.set('lora.rank', { name: used.flag });
}

function parseFlagValue(used: RunFlag, value: string | boolean | string[]): unknown {
  const { kind, names, repeat } = used.placed.setting;
  switch (kind.type) {
    case 'integer':
    case 'number':
      return numberIn(used, value as string);
    case 'bytes':
      return parseSize(used.flag, value as string, used.placed.setting.example);
    case 'switch':
      return !used.flag.startsWith('--no-');
    case 'choice':
      return value;
    case 'text':
      return value;
    case 'list':
      if (repeat) return value;
      return names === 'command' ? splitWords(value as string) : splitCommas(value as string);
  }
}

function splitCommas(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The path of an existing file, else the words as a shell splits them. */
function splitWords(text: string): string[] {
  return existsSync(text) ? [text] : stringArgv(text);
}

/** `Default: 100.` */
function defaultAdvice(placed: RunSetting): string | undefined {
  const preset = defaultText(placed);
  return preset === null || preset === 'none' ? undefined : `Default: ${preset}.`;
}

/** `Allowed: a whole number from 0 to 1000000. Default: 100.` */
function rangeAdvice(placed: RunSetting): string {
  const allowed = `${allowedFor(placed.setting)}.`.replace(/^a/, 'A');
  return [allowed, defaultAdvice(placed)].filter((item) => item !== undefined).join(' ');
}

function numberIn({ flag, placed, absolute }: RunFlag, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  // An absolute rate has other bounds than a share of the learning rate.
  const advice = absolute ? 'Allowed: a number from 0 up to the learning rate.' : rangeAdvice(placed);
  throw new RollscopeError('usage', `${flag}: '${text}' is not a number.`, advice, {
    details: { reason: 'bad-value', field: flag, value: text, ...(!absolute && boundsOf(placed.setting.kind)) },
  });
}

/** Throws RollscopeError `usage` if the text is not a size. */
export function parseSize(flag: string, text: string, example = '4GB'): number {
  const value = bytesIn(text);
  if (value !== null) return value;
  throw new RollscopeError('usage', `${flag}: '${text}' is not a size.`, `For example: ${flag} ${example}`, {
    details: { reason: 'bad-value', field: flag, value: text, example },
  });
}

/** `--config <file>`, or `<file>#<name>` for one of several configurations. */
function configFile(given: string): Layer {
  const hash = existsSync(given) ? -1 : given.lastIndexOf('#');
  const file = hash < 0 ? given : given.slice(0, hash);
  const value = readConfigFile(file);
  if (!hasConfigurations(value))
    return { source: { kind: 'file', file }, values: withAbsolutePaths(value, currentPlace()) };
  const values = namedConfiguration(value, hash < 0 ? undefined : given.slice(hash + 1), file);
  // Relative paths in the file are relative to its folder.
  const place = { ...currentPlace(), folder: path.resolve(path.dirname(file)) };
  return { source: { kind: 'file', file }, values: withAbsolutePaths(values, place) };
}

function readConfigFile(file: string): ConfigValues {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RollscopeError('config', `--config: ${file} cannot be read: ${(error as Error).message}.`, undefined, {
      details: { reason: 'unreadable', field: '--config', file, system: (error as Error).message },
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollscopeError('config', `--config: ${file} is not JSON: ${(error as Error).message}.`, undefined, {
      details: { reason: 'not-json', field: '--config', file, system: (error as Error).message },
    });
  }
  if (!isObject(value)) {
    throw new RollscopeError(
      'config',
      `--config: ${file} must contain one JSON object, as in a run's run.json under config.`,
      undefined,
      { details: { reason: 'not-an-object', field: '--config', file } },
    );
  }
  return value;
}
