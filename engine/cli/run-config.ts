/**
 * From the command line to the configuration of a run: preset of the model, then the `--config` file, then the options.
 * Messages name the option (or the file's field), the value, and what is allowed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { REWARDS, RunConfig } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { bytes } from '../protocol/format.ts';
import { isEmbedded, mergeConfig, presetFor } from '../protocol/presets.ts';
import { attributeOf, longFlag, type OptionGroup, optionOf, type RunOption } from './options.ts';

/** What commander collected: raw texts, by attribute. */
export type RawOptions = Record<string, string | boolean | string[] | undefined>;

const EMBEDDED = 'embedded';

/**
 * @param dataset path as the user wrote it; `embedded` when there is none
 * @param defaults laid over the model's preset, below the file and the options
 * @throws RollscopeError `usage` for texts that are no numbers or sizes, `config` for values out of range or a bad file
 */
export function buildRunConfig(
  job: RunConfig['job'],
  dataset: string | undefined,
  raw: RawOptions,
  groups: readonly OptionGroup[],
  defaults: object = {},
): RunConfig {
  const fromOptions = readOptions(raw, groups);
  const file = typeof raw.config === 'string' ? readConfigFile(raw.config) : {};
  const model = modelReference(stringAt(fromOptions, 'model') ?? stringAt(file, 'model') ?? EMBEDDED);
  const fileDataset = stringAt(objectAt(file, 'dataset'), 'path');
  const datasetPath = absolute(dataset ?? fileDataset ?? EMBEDDED);
  const preset = presetFor(model, datasetPath === EMBEDDED);

  let input: Record<string, unknown> = mergeConfig(
    mergeConfig(mergeConfig({ ...preset }, defaults), file),
    fromOptions,
  );
  input = mergeConfig(input, { job, model, dataset: { path: datasetPath } });
  balanceVotes(input, mergeConfig(file, fromOptions));
  shareReading(input);
  const parsed = RunConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw configError(parsed.error.issues[0]!, input, { raw, groups, file: raw.config as string | undefined });
}

/** Options that were used, as a nested object with the shape of `RunConfig`. */
function readOptions(raw: RawOptions, groups: readonly OptionGroup[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { options } of groups) {
    for (const option of options) {
      const value = raw[attributeOf(option.flags)];
      const meant = option.kind === 'off' ? value === false : value !== undefined;
      if (meant) setAt(result, option.path, parseValue(option, value as string | boolean | string[]));
    }
  }
  loraFrom(raw, result);
  return result;
}

/** `--lora` takes the preset's or the usual rank, `--lora 8` that rank, `--no-lora` trains all weights. */
function loraFrom(raw: RawOptions, result: Record<string, unknown>): void {
  if (raw.lora === undefined) return;
  if (raw.lora === false) {
    if (result.lora !== undefined) {
      throw new RollscopeError(
        'usage',
        '--no-lora contradicts --lora-alpha and --lora-targets.',
        'Use one or the other.',
      );
    }
    result.lora = null;
    return;
  }
  const rank = typeof raw.lora === 'string' ? { rank: parseNumber('--lora', raw.lora) } : {};
  result.lora = mergeConfig(rank, objectAt(result, 'lora'));
}

function parseValue(option: RunOption, value: string | boolean | string[]): unknown {
  const name = longFlag(option.flags);
  switch (option.kind) {
    case 'number':
      return parseNumber(name, value as string);
    case 'size':
      return parseSize(name, value as string);
    case 'list':
      return (value as string)
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'file':
      return absolute(value as string);
    case 'policies':
      return (value as string[]).map((policy) => (policy === 'base' ? policy : modelReference(policy)));
    case 'command':
      return commandOf(value as string);
    case 'off':
      return false;
    default:
      return value;
  }
}

/** A file that exists, else words at blanks (quotes hold blanks together); files among them become absolute. */
function commandOf(text: string): string[] {
  const words = existsSync(text)
    ? [text]
    : [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain!);
  return words.map((word) => (/[./\\]/.test(word) && existsSync(word) ? absolute(word) : word));
}

function parseNumber(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new RollscopeError('usage', `${name}: '${text}' is not a number.`, `Write a number, as in ${name} 8.`);
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `4GB`, `4G`, `4 GiB`, `1500MB` or a number of bytes; all units are binary. */
export function parseSize(name: string, text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (match) return Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
  throw new RollscopeError('usage', `${name}: '${text}' is not a size.`, `Write a size, as in ${name} 4GB.`);
}

function readConfigFile(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RollscopeError('config', `--config: ${file} cannot be read: ${(error as Error).message}.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollscopeError('config', `--config: ${file} is not JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RollscopeError(
      'config',
      `--config: ${file} must hold one JSON object, as in a run's run.json under config.`,
    );
  }
  return value as Record<string, unknown>;
}

/** A file or folder becomes absolute, because the engine may run elsewhere; a Hub id and an embedded model stay. */
export function modelReference(model: string): string {
  if (isEmbedded(model)) return model;
  const looksLikePath = /^[./~]|^[a-zA-Z]:[\\/]|\.gguf$/i.test(model) || model.split('/').length > 2;
  return looksLikePath || existsSync(model) ? absolute(model) : model;
}

function absolute(file: string): string {
  if (file === EMBEDDED) return file;
  return path.resolve(file.replace(/^~(?=[\\/]|$)/, homedir()));
}

/** More rollouts cannot train than vote: where only one of the two numbers was given, the preset's other one follows. */
function balanceVotes(input: Record<string, unknown>, given: Record<string, unknown>): void {
  const { votes, group } = input;
  if (typeof votes !== 'number' || typeof group !== 'number' || group <= votes) return;
  if (given.group === undefined) input.group = votes;
  else if (given.votes === undefined) input.votes = group;
  else {
    throw new RollscopeError(
      'config',
      `--group ${group} is more than --votes ${votes}: the rollouts that train are some of those that vote.`,
      'Raise --votes or lower --group.',
    );
  }
}

/** The evaluation problems are read as the training problems are, unless the configuration says otherwise. */
function shareReading(input: Record<string, unknown>): void {
  const evaluation = objectAt(objectAt(input, 'evaluation'), 'dataset');
  if (Object.keys(evaluation).length === 0) return;
  const { fields, template, system } = objectAt(input, 'dataset');
  const dataset = mergeConfig({ fields, template, system }, evaluation);
  input.evaluation = mergeConfig(objectAt(input, 'evaluation'), { dataset });
}

interface Sources {
  raw: RawOptions;
  groups: readonly OptionGroup[];
  file: string | undefined;
}

function configError(issue: z.core.$ZodIssue, input: unknown, { raw, groups, file }: Sources): RollscopeError {
  const where = issue.path.map(String).filter((part) => !/^\d+$/.test(part));
  const field = where.join('.');
  const option = optionOf(field);
  const used = option !== undefined && wasUsed(option, raw, groups);
  const name = used || !file ? (option ?? field) : `${file}: ${field || 'the configuration'}`;
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => `'${key}'`).join(', ');
    return new RollscopeError(
      'config',
      `${name}: ${keys} is not known.`,
      'Field names are those of config in run.json.',
    );
  }
  const value = valueAt(input, issue.path);
  if (issue.code === 'custom') {
    const near = field === 'reward' ? nearestHint(value, REWARDS, name) : undefined;
    const message = issue.message.replace(/\.$/, '');
    return new RollscopeError('config', `${name}: ${message}.`, near ?? (issue.params?.hint as string | undefined));
  }
  if (used && isSize(option, groups)) {
    const least = bytes(schemaAt(where)?.minimum);
    return new RollscopeError(
      'config',
      `${name}: '${String(raw[option.slice(2)])}' is not allowed; at least ${least}.`,
    );
  }
  const shown = typeof value === 'string' ? `'${value}'` : value === undefined ? 'nothing' : JSON.stringify(value);
  const allowed = allowedAt(where);
  const message = allowed ? `${shown} is not allowed; allowed: ${allowed}.` : `${shown}: ${issue.message}.`;
  return new RollscopeError(
    'config',
    `${name}: ${message}`,
    nearestHint(value, schemaAt(where)?.enum as string[] | undefined, name),
  );
}

function isSize(option: string, groups: readonly OptionGroup[]): boolean {
  return groups.some(({ options }) => options.some(({ flags, kind }) => kind === 'size' && longFlag(flags) === option));
}

function wasUsed(option: string, raw: RawOptions, groups: readonly OptionGroup[]): boolean {
  if (option === '--lora') return raw.lora !== undefined;
  const found = groups.flatMap((group) => group.options).find(({ flags }) => longFlag(flags) === option);
  return found !== undefined && raw[attributeOf(found.flags)] !== undefined;
}

interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  minItems?: number;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

function schemaAt(where: string[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = z.toJSONSchema(RunConfig, { io: 'input' }) as JsonSchema;
  for (const part of where) {
    schema = withoutNull(schema);
    schema = schema?.properties?.[part];
  }
  schema = withoutNull(schema);
  return schema?.items ?? schema;
}

function withoutNull(schema: JsonSchema | undefined): JsonSchema | undefined {
  return schema?.anyOf?.find(({ type }) => type !== 'null') ?? schema;
}

/** What may stand at a field, in words: `a whole number from 1 to 4096`; null where words would not help. */
function allowedAt(where: string[]): string | null {
  const schema = schemaAt(where);
  if (!schema) return null;
  if (schema.enum) return schema.enum.join(', ');
  if (schema.type === 'integer' || schema.type === 'number') return rangeOf(schema);
  if (schema.type === 'string') return schema.minLength ? 'a text that is not empty' : 'a text';
  if (schema.type === 'boolean') return 'true or false';
  return null;
}

function rangeOf(schema: JsonSchema): string {
  const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
  const low =
    schema.exclusiveMinimum !== undefined
      ? `above ${schema.exclusiveMinimum}`
      : schema.minimum !== undefined
        ? `from ${schema.minimum}`
        : '';
  const high =
    schema.exclusiveMaximum !== undefined
      ? `below ${schema.exclusiveMaximum}`
      : schema.maximum !== undefined
        ? `${low.startsWith('above') ? 'up to' : 'to'} ${schema.maximum}`
        : low.startsWith('from')
          ? 'upwards'
          : '';
  return [kind, low, high].filter((part) => part !== '').join(' ');
}

/** The choice that was probably meant. */
function nearestHint(value: unknown, choices: readonly string[] | undefined, name: string): string | undefined {
  if (!choices || typeof value !== 'string') return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const near = choices.find((choice) => plain(choice).includes(plain(value)) || plain(value).includes(plain(choice)));
  return near ? `Did you mean ${name} ${near}?` : undefined;
}

function setAt(target: Record<string, unknown>, where: string, value: unknown): void {
  const parts = where.split('.');
  const last = parts.pop()!;
  let object = target;
  for (const part of parts) {
    object[part] ??= {};
    object = object[part] as Record<string, unknown>;
  }
  object[last] = value;
}

function valueAt(target: unknown, where: readonly PropertyKey[]): unknown {
  let value: unknown = target;
  for (const part of where) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return value;
}

function objectAt(target: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = target[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function stringAt(target: Record<string, unknown>, key: string): string | undefined {
  const value = target[key];
  return typeof value === 'string' ? value : undefined;
}
