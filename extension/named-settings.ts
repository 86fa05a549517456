/** The settings that an error names, as its text is shown in the editor: their values, and those of the preset. Pure. */

import { valueAt } from '../engine/config/objects.ts';
import { SETTINGS } from '../engine/config/settings.ts';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import type { ErrorData } from '../engine/protocol/errors.ts';
import { presetFor } from '../engine/protocol/presets.ts';
import type { NamedSetting } from '../engine/runs/start-state.ts';
import { OBJECT_SETTINGS, type SettingId, settingName } from './editor-settings.ts';
import { type SettingValue, typedText } from './fork-settings.ts';
import { errorInEditor } from './remedies.ts';
import { type ScopeSettings, SETTING_IDS } from './run-config.ts';

const NAMES = /rollscope\.config: (\w+(?:\.\w+)*)|rollscope\.(\w+(?:\.\w+)*)/g;

/** A setting of runs by its id below `rollscope.`; with a path, that field of `rollscope.config`. */
export interface SettingPlace {
  id: SettingId;
  path: string | null;
}

/** The place that a setting's name stands for: `rollscope.config: loss.clipLow`; null for another's. */
export function placeOfName(name: string): SettingPlace | null {
  const [, path, id] = [...name.matchAll(NAMES)][0] ?? [];
  if (path !== undefined) return { id: 'config', path };
  return SETTING_IDS.includes(id as SettingId) ? { id: id as SettingId, path: null } : null;
}

/**
 * The settings of runs that an error names, each once, in the order of the text.
 * @param scopes the settings, the weakest first
 * @param model and dataset of the start, which choose the preset
 */
export function namedSettings(
  error: ErrorData,
  scopes: readonly ScopeSettings[],
  { model, dataset }: { model: string; dataset: string },
): NamedSetting[] {
  const { message, hint, details } = errorInEditor(error);
  const text = [details?.field, message, hint].filter((part) => typeof part === 'string').join('\n');
  const preset = presetFor(model, dataset === EMBEDDED);
  return [...new Set([...text.matchAll(NAMES)].map(([name]) => name))].flatMap((name) => {
    const place = placeOfName(name);
    if (!place) return [];
    const value = scopes.map(({ values }) => givenAt(values, place)).findLast((given) => given !== undefined);
    return [
      {
        id: settingName(place.id),
        name,
        value: value === undefined ? null : textOf(value),
        usual: presetText(preset, place),
      },
    ];
  });
}

function givenAt(values: Readonly<Record<string, unknown>>, { id, path }: SettingPlace): unknown {
  const value = values[id];
  const given = path === null ? value : valueAt(value, path);
  return given === null || given === '' ? undefined : given;
}

/** What the preset gives for a setting, in the unit of the editor; null where it gives nothing. */
export function presetText(preset: object, { id, path }: SettingPlace): string | null {
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

/** A value as text. */
export function textOf(value: unknown): string {
  return typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : typedText(value as SettingValue);
}
