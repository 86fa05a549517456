/** The settings of a run that an error names, with their values and those of the preset: as settings of the editor, or as fields. Pure. */
import { valueAt } from '../engine/config/objects.ts';
import { SETTINGS, settingAt } from '../engine/config/settings.ts';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import type { ErrorData } from '../engine/protocol/errors.ts';
import { presetFor } from '../engine/protocol/presets.ts';
import type { NamedSetting } from '../engine/runs/start-state.ts';
import { OBJECT_SETTINGS, type SettingId, settingName } from './editor-settings.ts';
import { type SettingValue, typedText } from './fork-settings.ts';
import { pathsIn } from './remedies.ts';
import type { ScopeSettings } from './run-config.ts';

/** Fields whose values are models and files. */
const INPUTS = SETTINGS.filter(
  ({ setting: { names } }) => names === 'model' || names === 'dataset' || names === 'file',
).map(({ path }) => path);
/** Path of the section that is a setting of its own. */
const COLUMNS = 'dataset.fields';

/** A setting of runs by its id below `rollscope.`; with a path, that field of `rollscope.config`. */
export interface SettingPlace {
  id: SettingId;
  path: string | null;
}

function nameOfPlace({ id, path }: SettingPlace): string {
  return path === null ? settingName(id) : `${settingName(id)}: ${path}`;
}

/** The place that a name of a {@link NamedSetting} stands for: `rollscope.votes`, `rollscope.config: loss.clipLow`. */
export function placeOfName(name: string): SettingPlace {
  const [full, path = null] = name.split(': ');
  return { id: full!.slice('rollscope.'.length) as SettingId, path };
}

/** Where a field is set, or can be: in `rollscope.config` if it is there, which overrides the setting of its own. */
function placeOf(path: string, scopes: readonly ScopeSettings[]): SettingPlace {
  const isInConfig = scopes.some(({ values }) => valueAt(values.config, path) !== undefined);
  const editor = settingAt(path)?.setting.editor;
  if (isInConfig || (!editor && !path.startsWith(COLUMNS))) return { id: 'config', path };
  return { id: (editor?.id ?? 'fields') as SettingId, path: null };
}

/**
 * The settings of the editor that an error names, each once.
 * @param scopes the settings, the weakest first
 * @param model and dataset of the start, which choose the preset
 */
export function namedSettings(
  error: ErrorData,
  scopes: readonly ScopeSettings[],
  { model, dataset }: { model: string; dataset: string },
): NamedSetting[] {
  const preset = presetFor(model, dataset === EMBEDDED);
  const places = new Map(
    pathsIn(error)
      .map((path) => placeOf(path, scopes))
      .map((place) => [nameOfPlace(place), place]),
  );
  return [...places].map(([name, place]) => {
    const value = scopes.map(({ values }) => givenAt(values, place)).findLast((given) => given !== undefined);
    return {
      id: settingName(place.id),
      name,
      value: value === undefined ? null : textOf(value),
      usual: presetText(preset, place),
    };
  });
}

function givenAt(values: Readonly<Record<string, unknown>>, { id, path }: SettingPlace): unknown {
  const value = values[id];
  const given = path === null ? value : valueAt(value, path);
  return given === null || given === '' ? undefined : given;
}

/**
 * The fields of a configuration that an error names, each once: by their paths and, if they are models or files, by their values.
 * @param values of the configuration
 * @param usual a preset, or the configuration of the parent
 */
export function namedFields(error: ErrorData, values: object, usual: object): NamedSetting[] {
  const given = (path: string) => {
    const value = valueAt(values, path);
    return value === undefined || value === null ? null : textOf(value);
  };
  const inputs = INPUTS.filter((path) => namesInput(error.message, given(path)));
  return [...new Set([...pathsIn(error), ...inputs])].map((path) => ({
    id: path,
    name: path,
    value: given(path),
    usual: presetText(usual, { id: 'config', path }),
    ...(INPUTS.includes(path) && { isInput: true as const }),
  }));
}

/** Errors name a file by its path on this machine, and a model of the Hub by its id. */
function namesInput(message: string, value: string | null): boolean {
  if (value === null || value === EMBEDDED) return false;
  return message.includes(value) || message.includes(value.replace(/^(?:\.\/)+/, ''));
}

/** The value of a setting in a preset, in the unit of the editor; null if it has none. */
function presetText(preset: object, { id, path }: SettingPlace): string | null {
  if (path === null && id in OBJECT_SETTINGS) return null;
  const placed = SETTINGS.find(({ path: at, setting }) => (path === null ? setting.editor?.id === id : at === path));
  if (!placed) return null;
  const { setting } = placed;
  const section = placed.path.slice(0, Math.max(0, placed.path.lastIndexOf('.')));
  if (setting.editor?.zeroIsNull && valueAt(preset, section) === null) return '0';
  const value = valueAt(preset, placed.path) ?? setting.default;
  const scale = path === null ? (setting.editor?.scale ?? 1) : 1;
  if (value === undefined || value === null) return null;
  return textOf(typeof value === 'number' ? value / scale : value);
}

function textOf(value: unknown): string {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : typedText(value as SettingValue);
}
