/** The fields of a configuration that an error names: their values, and the usual ones. Pure. */
import { valueAt } from '../engine/config/objects.ts';
import { SETTINGS } from '../engine/config/settings.ts';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import type { ErrorData } from '../engine/protocol/errors.ts';
import type { NamedSetting } from '../engine/runs/start-state.ts';
import { presetText, textOf } from './named-settings.ts';
import { fieldOfOption } from './remedies.ts';

/** Names of more than one word; those of one, such as `steps`, are words of sentences too. */
const DOTTED = SETTINGS.map(({ path }) => path).filter((path) => path.includes('.'));
/** Fields whose values are models and files. */
const INPUTS = SETTINGS.filter(
  ({ setting: { names } }) => names === 'model' || names === 'dataset' || names === 'file',
).map(({ path }) => path);
const OPTIONS = /--[a-z][a-z0-9-]*/g;

/** The paths that an error names, each once, as the command line or a file says them. */
function pathsIn({ message, hint = '', details }: ErrorData): string[] {
  const text = `${message}\n${hint}`;
  const { field, keys } = (details ?? {}) as Record<string, unknown>;
  const named = typeof field === 'string' ? (field.split(': ').at(-1) ?? '') : '';
  const own = fieldOfOption(named) ?? (/^\w+(?:\.\w+)*$/.test(named) ? named : '');
  const unknown = Array.isArray(keys) ? keys.map((key) => (own === '' ? `${key}` : `${own}.${key}`)) : [own];
  const options = [...text.matchAll(OPTIONS)].flatMap(([option]) => fieldOfOption(option) ?? []);
  // A name may be the beginning of another one.
  const words = new Set(text.match(/\w+(?:\.\w+)*/g));
  const placed = [...text.matchAll(/\.json: (\w+)(?=[ :])/g)].map(([, path]) => path!);
  const known = placed.filter((path) => SETTINGS.some((one) => one.path === path));
  return [...new Set([...unknown, ...known, ...options, ...DOTTED.filter((path) => words.has(path))])].filter(Boolean);
}

/**
 * The fields that an error names, each once, by their names or, where they are models and files, by their values.
 * @param error with the options of the command line @param values of the configuration @param usual a preset, or the parent's
 */
export function namedFields(error: ErrorData, values: object, usual: object): NamedSetting[] {
  const given = (path: string) => {
    const value = valueAt(values, path);
    return value === undefined || value === null ? null : textOf(value);
  };
  const inputs = INPUTS.filter((path) => saysInput(error.message, given(path)));
  return [...new Set([...pathsIn(error), ...inputs])].map((path) => ({
    id: path,
    name: path,
    value: given(path),
    usual: presetText(usual, { id: 'config', path }),
    ...(INPUTS.includes(path) && { isInput: true as const }),
  }));
}

/** Errors call a file by the path that it has on this machine, a model of the Hub by its name. */
function saysInput(message: string, value: string | null): boolean {
  if (value === null || value === EMBEDDED) return false;
  return message.includes(value) || message.includes(value.replace(/^(?:\.\/)+/, ''));
}
