/**
 * The options of `train`, `probe` and `experiment`, generated from the settings: flags, aliases, help with defaults.
 * Light: `--help` loads it.
 */
import { Option } from 'commander';
import { defaultText } from '../config/defaults.ts';
import { REWARD_NAMES } from '../config/reward-settings.ts';
import type { RunSetting, SettingTopic } from '../config/settings.ts';
import type { Flag } from '../protocol/settings/kit.ts';

/** A flag for a setting: its option, an alias, or a former name. */
export interface RunFlag {
  flag: Flag;
  placed: RunSetting;
  /** Whether the value is in the unit of another setting (`--min-lr`). */
  absolute?: true;
}

/** All flags of a topic, starting with the option of each setting. */
export function flagsOf({ settings }: SettingTopic): RunFlag[] {
  return settings.flatMap((placed) => {
    const { flag, aliases = [], former = [], absolute } = placed.setting;
    if (!flag) return [];
    return [
      ...[flag, ...aliases, ...former].map((name): RunFlag => ({ flag: name, placed })),
      ...(absolute ? [{ flag: absolute.flag, placed, absolute: true as const }] : []),
    ];
  });
}

/** Commander options for a setting: the one shown in help, and hidden ones for its aliases. */
export function optionsFor(placed: RunSetting, remark?: string): Option[] {
  const { flag, aliases = [], former = [], absolute } = placed.setting;
  if (!flag) return [];
  const shown = new Option(flagText(flag, placed), helpText(placed, remark));
  const hidden = [...aliases, ...former, ...(absolute ? [absolute.flag] : [])].map((other) =>
    new Option(flagText(other, placed)).hideHelp(),
  );
  const all = [shown, ...hidden];
  if (placed.setting.repeat) {
    for (const option of all) {
      option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
    }
  }
  return all;
}

function flagText(flag: Flag, { path, setting: { kind, placeholder = 'value' } }: RunSetting): string {
  if (kind.type === 'switch') return flag;
  // The rank is optional: `--lora` uses the default.
  return path === 'lora.rank' ? `${flag} [${placeholder}]` : `${flag} <${placeholder}>`;
}

/** `learning rate of AdamW; also --learning-rate (default: 1e-4 (embedded), 1e-5 (others))`. */
export function helpText(placed: RunSetting, remark?: string): string {
  const { help, aliases = [], kind } = placed.setting;
  const also = aliases.length > 0 ? `; also ${aliases.join(', ')}` : '';
  const value = defaultText(placed);
  const shown = value === null || kind.type === 'switch' ? '' : ` (default: ${value})`;
  const names = placed.path === 'reward' ? `; rewards: ${REWARD_NAMES.join(', ')}` : '';
  return `${placed.reward ? `${placed.reward}: ` : ''}${help}${names}${also}${remark === undefined ? '' : `; ${remark}`}${shown}`;
}

/** The attribute under which commander stores an option: `--max-tokens` gives `maxTokens`, `--no-x` gives `x`. */
export function attributeOf(flag: string): string {
  return flag.replace(/^--(no-)?/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
