/**
 * Every setting of a run, in the groups in which help and documentation show them: those of `engine/protocol/settings`
 * and those of the rewards. Without zod and without what computes: `--help` loads it.
 */
import { CHECKPOINT } from '../protocol/settings/checkpoint.ts';
import { DATASET } from '../protocol/settings/dataset.ts';
import { DEVICE } from '../protocol/settings/device.ts';
import { ENGINE } from '../protocol/settings/engine.ts';
import { EVALUATION } from '../protocol/settings/evaluation.ts';
import { GRADING } from '../protocol/settings/grading.ts';
import { type AnySection, type PlacedSetting, settingsIn } from '../protocol/settings/kit.ts';
import { LORA } from '../protocol/settings/lora.ts';
import { LOSS } from '../protocol/settings/loss.ts';
import { MODEL } from '../protocol/settings/model.ts';
import { OPTIMIZER } from '../protocol/settings/optimizer.ts';
import { RUN } from '../protocol/settings/run.ts';
import { ROLLOUTS, SAMPLING } from '../protocol/settings/sampling.ts';
import { STEP } from '../protocol/settings/step.ts';
import { WATCHING } from '../protocol/settings/watching.ts';
import { REWARD_SETTINGS } from './reward-settings.ts';

export interface RunSetting extends PlacedSetting {
  /** The reward whose option it is. */
  reward?: string;
}

export interface SettingGroup {
  title: string;
  settings: readonly RunSetting[];
}

const REWARD: readonly RunSetting[] = [{ path: 'reward', setting: RUN.fields.reward }, ...REWARD_SETTINGS];

const MODEL_GROUP = { title: 'Model and device', settings: settingsIn({ fields: { ...MODEL, ...DEVICE } }) };
const PROBLEM_GROUP = { title: 'Problems', settings: settingsIn(DATASET as AnySection, 'dataset.') };
const ROLLOUT_GROUP = {
  title: 'Rollouts',
  settings: [...settingsIn({ fields: ROLLOUTS }), ...settingsIn(SAMPLING as AnySection, 'sampling.')],
};
const ANSWER_GROUP = { title: 'Answers', settings: settingsIn(GRADING as AnySection, 'grading.') };
const REWARD_GROUP = { title: 'Reward', settings: REWARD };

/** Groups of `probe`, which trains nothing. */
export const PROBE_GROUPS: readonly SettingGroup[] = [
  MODEL_GROUP,
  PROBLEM_GROUP,
  ROLLOUT_GROUP,
  ANSWER_GROUP,
  REWARD_GROUP,
];

/** What rollouts of others are rewarded by. */
export const SCORE_GROUPS: readonly SettingGroup[] = [ANSWER_GROUP, REWARD_GROUP];

export const TRAIN_GROUPS: readonly SettingGroup[] = [
  ...PROBE_GROUPS,
  {
    title: 'Training',
    settings: [
      ...settingsIn({ fields: STEP }),
      ...settingsIn(OPTIMIZER as AnySection, 'optimizer.'),
      ...settingsIn(LOSS as AnySection, 'loss.'),
    ],
  },
  { title: 'Adapter', settings: settingsIn(LORA as AnySection, 'lora.') },
  { title: 'Evaluation', settings: settingsIn(EVALUATION as AnySection, 'evaluation.') },
  {
    title: 'Checkpoints and watching',
    settings: [...settingsIn({ fields: WATCHING }), ...settingsIn(CHECKPOINT as AnySection, 'checkpoint.')],
  },
];

/** Experiments are made of this engine's runs; a training may be another trainer's. */
export const ENGINE_GROUP: SettingGroup = { title: 'Engine', settings: settingsIn(ENGINE as AnySection, 'engine.') };

/** All settings of a run. */
export const SETTINGS: readonly RunSetting[] = [...TRAIN_GROUPS, ENGINE_GROUP].flatMap(({ settings }) => settings);

/** The setting at a place of the configuration, or the one that the place lies within; undefined where none is. */
export function settingAt(path: string): RunSetting | undefined {
  return SETTINGS.find((placed) => path === placed.path || path.startsWith(`${placed.path}.`));
}
