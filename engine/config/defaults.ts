/**
 * What applies if a setting is not given, as text: the default of the configuration, or the values of the models'
 * presets. For help and documentation; without zod.
 */

import { EMBEDDED } from '../protocol/embedded.ts';
import { bytes } from '../protocol/format.ts';
import { type Preset, presetFor } from '../protocol/presets.ts';
import type { Setting } from '../protocol/settings/kit.ts';
import { valueAt } from './objects.ts';
import type { RunSetting } from './settings.ts';

const PRESETS: readonly { name: string; preset: Preset }[] = [
  { name: 'embedded', preset: presetFor(EMBEDDED, true) },
  { name: 'embedded, your problems', preset: presetFor(EMBEDDED, false) },
  { name: 'others', preset: presetFor('owner/name', false) },
];

/**
 * `8`, or `32 (embedded), 8 (others)` if presets differ; null for a setting that is merely required.
 * @param shown writes a text
 */
export function defaultText(placed: RunSetting, shown = quoted): string | null {
  const texts = PRESETS.map(({ name, preset }) => ({ name, text: presetDefault(placed, preset, shown) }));
  const [embedded, own, others] = texts;
  if (embedded!.text === null) return null;
  if (embedded!.text === own!.text) {
    if (embedded!.text === others!.text) return embedded!.text;
    return namedDefaults([embedded!, others!]);
  }
  return namedDefaults(texts);
}

function namedDefaults(texts: readonly { name: string; text: string | null }[]): string {
  return texts.map(({ name, text }) => `${text} (${name})`).join(', ');
}

function presetDefault({ path, setting }: RunSetting, preset: Preset, shown: (text: string) => string): string | null {
  // Without an adapter its rank says nothing; what counts is that all weights train.
  if (path === 'lora.rank' && preset.lora === null) return setting.absent ?? null;
  if (path === 'model') return setting.default as string;
  const value = valueAt(preset, path) ?? setting.default ?? null;
  return value === null || (Array.isArray(value) && value.length === 0)
    ? (setting.absent ?? 'none')
    : valueText(setting, value, shown);
}

/** A value as help and documentation print it. */
function valueText({ kind }: Setting, value: unknown, shown: (text: string) => string): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value))
    return kind.type === 'list' && kind.choices?.length === value.length ? 'all' : value.join(', ');
  if (kind.type === 'bytes') return bytes(value as number);
  if (kind.type !== 'text') return String(value);
  const text = String(value).replaceAll('\n', '\\n');
  return text === '' ? 'none' : shown(text);
}

/** As a person would type it in a terminal. */
function quoted(text: string): string {
  return /[\s\\]/.test(text) ? `'${text}'` : text;
}
