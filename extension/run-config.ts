/** Builds a run's configuration from the user's settings and the target of a command. Pure. */
import type { Layer, ValueOrigin } from '../engine/config/layer.ts';
import { buildRunConfig, type RunTarget } from '../engine/config/layers.ts';
import { type ConfigValues, setAt, stringAt, valueAt } from '../engine/config/objects.ts';
import { type PathBase, withAbsolutePaths } from '../engine/config/paths.ts';
import { RollscopeError, type RunConfig } from '../engine/protocol/index.ts';
import { isObject } from '../engine/protocol/values.ts';
import { OBJECT_SETTINGS, RUN_SETTINGS, type SettingId, settingName, TAKEN } from './editor-settings.ts';

export type SettingScope = 'user' | 'workspace' | 'folder';

/** The settings of one scope by id below `rollscope.`; undefined where unset. */
export interface ScopeSettings {
  scope: SettingScope;
  values: Readonly<Record<string, unknown>>;
}

/** What a run trains on or probes. */
export type DatasetTarget = RunTarget & { dataset: string };

/** Ids of all settings that affect a run. */
export const SETTING_IDS = [
  ...RUN_SETTINGS.map(({ setting }) => setting.editor!.id),
  ...Object.keys(OBJECT_SETTINGS),
] as readonly SettingId[];

/** The layers of the settings, the weakest first: `rollscope.config` of any scope overrides all other settings. */
export function settingLayers(scopes: readonly ScopeSettings[], place: PathBase): Layer[] {
  return [...scopes.map((of) => ownLayer(of, place)), ...scopes.map((of) => configLayer(of, place))];
}

/**
 * The preset of the model, overridden by the settings.
 * @throws RollscopeError `config` that names the setting if a value is out of range, names no field, or belongs to
 * another setting
 */
export function buildConfig(target: DatasetTarget, scopes: readonly ScopeSettings[], place: PathBase): RunConfig {
  return buildRunConfig(target, settingLayers(scopes, place));
}

/** The text that the settings give for a path of the configuration, such as the model; undefined if none does. */
export function givenText(path: string, scopes: readonly ScopeSettings[], place: PathBase): string | undefined {
  return settingLayers(scopes, place)
    .flatMap(({ values }) => stringAt(values, path) ?? [])
    .at(-1);
}

function ownLayer({ scope, values: set }: ScopeSettings, place: PathBase): Layer {
  const values: ConfigValues = {};
  const given = new Map<string, ValueOrigin>();
  for (const { path, setting } of RUN_SETTINGS) {
    const { id, scale = 1, zeroIsNull } = setting.editor!;
    const raw = set[id];
    const value = typeof raw === 'string' && setting.kind.type === 'text' ? raw.trim() && raw : raw;
    // Unset settings and empty texts fall through to weaker layers.
    if (value === undefined || value === null || value === '') continue;
    const name = settingName(id as SettingId);
    if (zeroIsNull && value === 0) {
      const section = path.slice(0, path.lastIndexOf('.'));
      setAt(values, section, null);
      given.set(section, { name });
      continue;
    }
    setAt(values, path, typeof value === 'number' && scale !== 1 ? Math.round(value * scale) : value);
    given.set(path, { name, ...(scale !== 1 && { text: String(value) }) });
  }
  const fields = objectOf({ scope, values: set }, 'fields');
  if (fields) {
    setAt(values, 'dataset.fields', fields);
    given.set('dataset.fields', { name: settingName('fields') });
  }
  return { source: { kind: 'setting', scope }, values: withAbsolutePaths(values, place), given };
}

/** @throws RollscopeError `config` for a value that is not an object */
function objectOf({ scope, values }: ScopeSettings, id: keyof typeof OBJECT_SETTINGS): Record<string, unknown> | null {
  const value = values[id] ?? null;
  if (value === null || isObject(value)) return value;
  throw notAllowed(id, value, 'allowed: an object', `${scope} settings`);
}

/**
 * The refusal of a setting's value.
 * @param allowed what it says about the values that are
 * @param place where to change it
 */
export function notAllowed(id: SettingId, value: unknown, allowed: string | null, place = 'settings'): RollscopeError {
  const field = `setting ${settingName(id)}`;
  const text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  const message = `${field}: ${text} is not allowed${allowed ? `; ${allowed}` : ''}.`;
  const details = { reason: 'bad-value', field, value };
  return new RollscopeError('config', message, `Change it in the ${place}.`, { details });
}

function configLayer({ scope, values: set }: ScopeSettings, place: PathBase): Layer {
  const own = objectOf({ scope, values: set }, 'config') ?? {};
  for (const [field, decided] of Object.entries(TAKEN)) {
    if (valueAt(own, field) === undefined) continue;
    const setting = `setting ${settingName('config')}`;
    throw new RollscopeError('config', `${setting}: ${field} cannot be set here.`, decided, {
      details: { reason: 'decided-elsewhere', field: setting, settings: [field], value: field },
    });
  }
  return { source: { kind: 'setting', scope }, values: withAbsolutePaths(own, place) };
}
