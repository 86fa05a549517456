/** Settings that a fork may change, and their values as a person types them. Pure. */
import type { RunSetting, SettingTopic } from '../engine/config/settings.ts';
import { DASH } from '../engine/protocol/format.ts';
import type { Setting } from '../engine/protocol/settings/kit.ts';
import { bytesIn } from '../engine/protocol/settings/size.ts';

export type SettingValue = string | number | boolean | readonly string[] | null | undefined;

/**
 * Everything but the model, the adapter and the dataset, which belong to the checkpoint, and the options of individual
 * rewards.
 */
export function forkSettings(topics: readonly SettingTopic[]): RunSetting[] {
  const usual = ['optimizer.lr', 'steps', 'reward', 'sampling.temperature', 'loss.klCoefficient'];
  const rank = ({ path }: RunSetting) => (usual.includes(path) ? usual.indexOf(path) : usual.length);
  return topics
    .flatMap(({ settings }) => settings)
    .filter(({ path, reward, setting }) => {
      const kept = ['model', 'chatTemplate', 'chatTemplateKwargs'].includes(path) || /^(lora|dataset)\./.test(path);
      return !kept && reward === undefined && setting.flag !== undefined;
    })
    .sort((a, b) => rank(a) - rank(b));
}

/** A value as a person types it; a dash for none. */
export function typedText(value: SettingValue): string {
  if (value === null || value === undefined) return DASH;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/**
 * Parses what the user typed as the value of a setting; returns the value, or why it is not one. Ranges are checked by
 * the configuration.
 */
export function parseSetting(
  { kind, nullable }: Setting,
  text: string,
): { value?: SettingValue; error: string | null } {
  const given = text.trim();
  if (nullable && (given === DASH || given === '')) return { value: null, error: null };
  switch (kind.type) {
    case 'integer':
    case 'number': {
      const value = Number(given);
      const fits = given !== '' && Number.isFinite(value) && (kind.type === 'number' || Number.isInteger(value));
      return fits
        ? { value, error: null }
        : { error: kind.type === 'integer' ? 'Enter a whole number.' : 'Enter a number.' };
    }
    case 'bytes': {
      const value = bytesIn(given);
      return value === null ? { error: 'Enter a size, such as 4GB.' } : { value, error: null };
    }
    case 'choice': {
      const names = Object.keys(kind.choices);
      return names.includes(given) ? { value: given, error: null } : { error: `Enter one of: ${names.join(', ')}.` };
    }
    case 'switch':
      return ['true', 'false'].includes(given)
        ? { value: given === 'true', error: null }
        : { error: 'Enter true or false.' };
    case 'list':
      return {
        value: given
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean),
        error: null,
      };
    case 'text': {
      const wrong = kind.check?.(given);
      if (wrong) return { error: wrong.message };
      return given === '' && !kind.empty ? { error: 'Enter a text.' } : { value: given, error: null };
    }
  }
}
