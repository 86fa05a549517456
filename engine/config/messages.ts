/** What is said of a value that cannot be: where it was given, what is allowed, and what to do there. */
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { bytes } from '../protocol/format.ts';
import type { Kind, Setting } from '../protocol/settings/kit.ts';
import { REWARDS } from '../reward/registry.ts';
import type { Given, Layer } from './layer.ts';
import { valueAt } from './objects.ts';
import { settingAt } from './settings.ts';

/** The strongest layer that says something at a path or around it. */
function layerOf(path: string, layers: readonly Layer[]): Layer | undefined {
  return layers.findLast(({ values, given }) => given?.has(path) || valueAt(values, path) !== undefined);
}

function givenAt(path: string, layer: Layer | undefined): Given | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const given = layer?.given?.get(at);
    if (given) return given;
  }
  return undefined;
}

/** What a person calls the value at a path: `--lr`, `setting rollscope.learningRate`, `run.json: optimizer.lr`. */
export function nameOf(path: string, layers: readonly Layer[]): string {
  const layer = layerOf(path, layers);
  const given = givenAt(path, layer);
  switch (layer?.source.kind) {
    case 'option':
      return given?.name ?? settingAt(path)?.setting.flag ?? path;
    case 'setting':
      return `setting ${given?.name ?? `rollscope.config: ${path}`}`;
    case 'file':
      return `${layer.source.file}: ${path || 'the configuration'}`;
    default:
      return settingAt(path)?.setting.flag ?? path;
  }
}

/** What can be done about a value where it was given; undefined where nothing more helps than the message. */
export function remedyOf(path: string, layers: readonly Layer[]): string | undefined {
  const source = layerOf(path, layers)?.source;
  if (source?.kind === 'setting') return `Change it in the ${source.scope} settings.`;
  if (source?.kind === 'file') return `Change it in ${source.file}.`;
  return undefined;
}

type Issue = z.core.$ZodIssue;

/** @param issue of a configuration's schema @param input what was checked */
export function issueError(issue: Issue, input: unknown, layers: readonly Layer[]): RollscopeError {
  const parts = issue.path.filter((part) => !/^\d+$/.test(String(part))).map(String);
  const path = parts.join('.');
  if (issue.code === 'unrecognized_keys') {
    const first = [...parts, issue.keys[0]!].join('.');
    const keys = issue.keys.map((key) => `'${key}'`).join(', ');
    const where = nameOf(first, layers);
    const holder = where.endsWith(first) ? `${where.slice(0, -first.length)}${path}`.replace(/: ?$/, '') : where;
    return new RollscopeError(
      'config',
      `${holder}: ${keys} is not known.`,
      remedyOf(first, layers) ?? 'Field names are those of config in run.json.',
      { details: { reason: 'unknown-field', field: holder, keys: issue.keys } },
    );
  }
  const name = nameOf(path, layers);
  const setting = settingAt(path)?.setting;
  const value = valueAt(input, issue.path);
  const text = givenAt(path, layerOf(path, layers))?.text;
  const choices = path === 'reward' ? REWARDS : choicesOf(setting?.kind);
  const hint = nearestHint(value, choices, name) ?? remedyOf(path, layers);
  if (issue.code === 'custom') {
    const own = (issue.params as { hint?: string } | undefined)?.hint;
    return new RollscopeError(
      'config',
      `${name}: ${issue.message.replace(/\.$/, '')}.`,
      nearestHint(value, choices, name) ?? own ?? hint,
      { details: { reason: 'bad-value', field: name, value } },
    );
  }
  const shown = text !== undefined ? `'${text}'` : quoted(value);
  const allowed = setting && allowedFor(setting);
  return new RollscopeError(
    'config',
    `${name}: ${allowed ? `${shown} is not allowed; ${allowed}` : `${shown}: ${issue.message}`}.`,
    hint,
    { details: { reason: 'bad-value', field: name, value } },
  );
}

function quoted(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function choicesOf(kind: Kind | undefined): readonly string[] | undefined {
  if (kind?.type === 'choice') return Object.keys(kind.choices);
  return kind?.type === 'list' ? kind.choices : undefined;
}

/** What may stand there, in words: `allowed: a whole number from 1 to 4096`; null where words would not help. */
export function allowedFor({ kind }: Pick<Setting, 'kind'>): string | null {
  switch (kind.type) {
    case 'integer':
    case 'number':
      return `allowed: ${rangeOf(kind)}`;
    case 'bytes':
      return `at least ${bytes(kind.min ?? 0)}`;
    case 'choice':
      return `allowed: ${Object.keys(kind.choices).join(', ')}`;
    case 'switch':
      return 'allowed: true or false';
    case 'text':
      return kind.empty ? 'allowed: a text' : 'allowed: a text that is not empty';
    case 'list':
      return kind.choices ? `allowed: ${kind.choices.join(', ')}` : 'allowed: texts that are not empty';
  }
}

function rangeOf({ type, min, max, above, below }: Extract<Kind, { type: 'integer' | 'number' | 'bytes' }>): string {
  const what = type === 'integer' ? 'a whole number' : 'a number';
  const low = above !== undefined ? `above ${above}` : min !== undefined ? `from ${min}` : '';
  const high =
    below !== undefined
      ? `below ${below}`
      : max !== undefined
        ? `${above !== undefined ? 'up to' : 'to'} ${max}`
        : low.startsWith('from')
          ? 'upwards'
          : '';
  return [what, low, high].filter((part) => part !== '').join(' ');
}

/** The choice that was probably meant. */
function nearestHint(value: unknown, choices: readonly string[] | undefined, name: string): string | undefined {
  if (!choices || typeof value !== 'string' || value === '') return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const near = choices.find((one) => plain(one).includes(plain(value)) || plain(value).includes(plain(one)));
  if (!near) return undefined;
  return name.startsWith('--') ? `Did you mean ${name} ${near}?` : `Did you mean "${near}"?`;
}
