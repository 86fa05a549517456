/** Errors about values that are not allowed: where the value was given, what is allowed, and the remedy. */
import '../protocol/schema-words.ts';
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { bytes } from '../protocol/format.ts';
import type { Setting, ValueKind } from '../protocol/settings/kit.ts';
import { REWARDS } from '../reward/registry.ts';
import type { Layer, ValueOrigin } from './layer.ts';
import { valueAt } from './objects.ts';
import { settingAt } from './settings.ts';

/** The strongest layer that sets a path or one of its parents. @param keys the path, if a key of it may contain a dot */
function layerOf(path: string, layers: readonly Layer[], keys: string | readonly string[] = path): Layer | undefined {
  return layers.findLast(({ values, given }) => given?.has(path) || valueAt(values, keys) !== undefined);
}

function originAt(path: string, layer: Layer | undefined): ValueOrigin | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const given = layer?.given?.get(at);
    if (given) return given;
  }
  return undefined;
}

/** The name by which a user knows the value at a path: `--lr`, `setting rollscope.learningRate`, `run.json: optimizer.lr`. */
export function nameOf(path: string, layers: readonly Layer[], keys?: readonly string[]): string {
  const layer = layerOf(path, layers, keys);
  const given = originAt(path, layer);
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

/** The remedy for a value, by where it was given; undefined if the message suffices. */
export function remedyOf(path: string, layers: readonly Layer[], keys?: readonly string[]): string | undefined {
  const source = layerOf(path, layers, keys)?.source;
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
    const whole = [...parts, issue.keys[0]!];
    const first = whole.join('.');
    const keys = issue.keys.map((key) => `'${key}'`).join(', ');
    const where = nameOf(first, layers, whole);
    const holder = where.endsWith(first) ? `${where.slice(0, -first.length)}${path}`.replace(/: ?$/, '') : where;
    return new RollscopeError(
      'config',
      `${holder}: unknown ${issue.keys.length === 1 ? 'field' : 'fields'} ${keys}.`,
      nestedHint(issue.keys[0]!) ?? remedyOf(first, layers, whole) ?? 'Field names are those of config in run.json.',
      {
        details: {
          ...{ reason: 'unknown-field', field: holder, keys: issue.keys },
          settings: issue.keys.map((key) => [...parts, key].join('.')),
        },
      },
    );
  }
  const name = nameOf(path, layers);
  const placed = settingAt(path);
  const setting = placed?.setting;
  const value = valueAt(input, issue.path);
  const text = originAt(path, layerOf(path, layers))?.text;
  const choices = path === 'reward' ? REWARDS : choicesOf(setting?.kind);
  const nearest = nearestChoice(value, choices);
  const isNumber = setting && /^(?:integer|number|bytes)$/.test(setting.kind.type);
  const hint =
    nearestHint(nearest, name) ??
    remedyOf(path, layers) ??
    (placed && isNumber ? layerOf(path, layers)?.advice?.(placed) : undefined);
  if (issue.code === 'custom') {
    const own = (issue.params as { hint?: string } | undefined)?.hint;
    return new RollscopeError(
      'config',
      `${name}: ${issue.message.replace(/\.$/, '')}.`,
      nearestHint(nearest, name) ?? own ?? hint,
      { details: { reason: 'bad-value', field: name, settings: [path], value, ...(nearest && { nearest }) } },
    );
  }
  const shown = text !== undefined ? `'${text}'` : quoted(value);
  const allowed = setting && allowedFor(setting);
  const details = {
    ...{ reason: 'bad-value', field: name, settings: [path], value },
    ...(text !== undefined && { text }),
    ...boundsOf(setting?.kind),
    ...(choices && { choices }),
    ...(nearest && { nearest }),
  };
  return new RollscopeError(
    'config',
    `${name}: ${allowed ? `${shown} is not allowed; ${allowed}` : `${shown} is not valid: ${issue.message}`}.`,
    hint,
    { details },
  );
}

/** For the path of a field in the place of its name, as settings of VS Code are written. */
function nestedHint(key: string): string | undefined {
  if (!key.includes('.') || !settingAt(key)) return undefined;
  const parts = key.split('.');
  return `Write it as an object: ${parts.map((part) => `{"${part}": `).join('')}...${'}'.repeat(parts.length)}`;
}

/** The bounds of a number. */
export function boundsOf(kind: ValueKind | undefined): { [Bound in 'min' | 'max' | 'above' | 'below']?: number } {
  if (kind?.type !== 'integer' && kind?.type !== 'number' && kind?.type !== 'bytes') return {};
  const { min, max, above, below } = kind;
  return Object.fromEntries(Object.entries({ min, max, above, below }).filter(([, bound]) => bound !== undefined));
}

function quoted(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function choicesOf(kind: ValueKind | undefined): readonly string[] | undefined {
  if (kind?.type === 'choice') return Object.keys(kind.choices);
  return kind?.type === 'list' ? kind.choices : undefined;
}

/** The allowed values as text: `allowed: a whole number from 1 to 4096`; null where text would not help. */
export function allowedFor({ kind }: Pick<Setting, 'kind'>): string | null {
  switch (kind.type) {
    case 'integer':
    case 'number':
      return `allowed: ${rangeOf(kind)}`;
    case 'bytes':
      return `allowed: at least ${bytes(kind.min ?? 0)}`;
    case 'choice':
      return `allowed: ${Object.keys(kind.choices).join(', ')}`;
    case 'switch':
      return 'allowed: true or false';
    case 'text':
      return kind.empty ? 'allowed: text' : 'allowed: non-empty text';
    case 'list':
      return kind.choices ? `allowed: ${kind.choices.join(', ')}` : 'allowed: a list of non-empty texts';
  }
}

function rangeOf({
  type,
  min,
  max,
  above,
  below,
}: Extract<ValueKind, { type: 'integer' | 'number' | 'bytes' }>): string {
  const what = type === 'integer' ? 'a whole number' : 'a number';
  if (above === undefined && min !== undefined && max === undefined && below === undefined)
    return `${what} of at least ${min}`;
  const low = above !== undefined ? `above ${above}` : min !== undefined ? `from ${min}` : '';
  const high =
    below !== undefined ? `below ${below}` : max !== undefined ? `${above !== undefined ? 'up to' : 'to'} ${max}` : '';
  return [what, low, high].filter((part) => part !== '').join(' ');
}

/** The choice that was probably meant. */
function nearestChoice(value: unknown, choices: readonly string[] | undefined): string | undefined {
  if (!choices || typeof value !== 'string' || value === '') return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(value);
  if (wanted === '') return undefined;
  return choices.find((choice) => plain(choice).includes(wanted) || wanted.includes(plain(choice)));
}

function nearestHint(nearest: string | undefined, name: string): string | undefined {
  if (nearest === undefined) return undefined;
  return name.startsWith('--') ? `Did you mean ${name} ${nearest}?` : `Did you mean "${nearest}"?`;
}
