/** `rollscope.json`: configurations of runs by name, next to the data that they are about. Pure. */
import { RollscopeError } from '../protocol/errors.ts';
import { isObject } from '../protocol/values.ts';
import type { ConfigValues } from './objects.ts';

export const CONFIGURATIONS_FILE = 'rollscope.json';
/** The field that contains them. */
export const CONFIGURATIONS = 'configurations';

/** Whether a JSON value is a file of named configurations, and not one configuration. */
export function hasConfigurations(value: ConfigValues): boolean {
  return isObject(value[CONFIGURATIONS]);
}

/**
 * The configuration with a name, or the only one if none is named.
 * @throws RollscopeError `config` if the file has none with that name, or several and none is named
 */
export function namedConfiguration(value: ConfigValues, name: string | undefined, file: string): ConfigValues {
  const all = value[CONFIGURATIONS] as Record<string, unknown>;
  const names = Object.keys(all);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const found = chosen !== undefined && Object.hasOwn(all, chosen) ? all[chosen] : undefined;
  if (isObject(found)) return found;
  const isEmpty = names.length === 0;
  const what = isEmpty
    ? 'has no configurations.'
    : chosen === undefined
      ? 'has several configurations: name one.'
      : `has no configuration '${chosen}'.`;
  throw new RollscopeError(
    'config',
    `${file} ${what}`,
    isEmpty ? `Add one under "${CONFIGURATIONS}".` : `It has: ${names.join(', ')}. Name one as ${file}#${names[0]}.`,
    { details: { reason: 'no-such-configuration', file, value: chosen, allowed: names } },
  );
}
