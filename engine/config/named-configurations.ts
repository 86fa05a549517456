/** `rollscope.json`: configurations of runs by name, next to the data that they are about. Pure. */
import { RollscopeError } from '../protocol/errors.ts';
import { isObject } from '../protocol/values.ts';
import type { ConfigValues } from './objects.ts';

export const CONFIGURATIONS_FILE = 'rollscope.json';
/** The field that holds them. */
export const CONFIGURATIONS = 'configurations';

/** Whether a JSON value is a file of named configurations, and not one configuration. */
export function hasConfigurations(value: ConfigValues): boolean {
  return isObject(value[CONFIGURATIONS]);
}

/**
 * The configuration of a name; the only one where none is named.
 * @throws RollscopeError `config` where the file has none of that name, or several and none is named
 */
export function namedConfiguration(value: ConfigValues, name: string | undefined, file: string): ConfigValues {
  const all = value[CONFIGURATIONS] as Record<string, unknown>;
  const names = Object.keys(all);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const found = chosen !== undefined && Object.hasOwn(all, chosen) ? all[chosen] : undefined;
  if (isObject(found)) return found;
  const has = names.length === 0 ? 'It has none.' : `It has: ${names.join(', ')}.`;
  throw new RollscopeError(
    'config',
    chosen === undefined
      ? `${file} has several configurations: name one.`
      : `${file} has no configuration '${chosen}'.`,
    names.length === 0 ? has : `${has} Name one as ${file}#${names[0]}.`,
    { details: { reason: 'no-such-configuration', file, value: chosen, allowed: names } },
  );
}
