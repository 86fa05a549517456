/**
 * Every setting of a run, under the topics by which help and documentation show them: those of `engine/protocol/settings`
 * and those of the rewards. Without zod and without what computes: `--help` loads it.
 */
import { CHECKPOINT } from '../protocol/settings/checkpoint.ts';
import { CLUSTER } from '../protocol/settings/cluster.ts';
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

export interface SettingTopic {
  title: string;
  settings: readonly RunSetting[];
}

const MODEL_TOPIC = { title: 'Model and device', settings: settingsIn({ fields: { ...MODEL, ...DEVICE } }) };
const PROBLEM_TOPIC = { title: 'Problems', settings: settingsIn(DATASET as AnySection, 'dataset.') };
const ROLLOUT_TOPIC = {
  title: 'Rollouts',
  settings: [...settingsIn({ fields: ROLLOUTS }), ...settingsIn(SAMPLING as AnySection, 'sampling.')],
};
const ANSWER_TOPIC = { title: 'Answers', settings: settingsIn(GRADING as AnySection, 'grading.') };
const REWARD_TOPIC = { title: 'Reward', settings: [{ path: 'reward', setting: RUN.fields.reward }] };
/** Last in help, since most runs use none of these, and there are many. */
const REWARD_OPTIONS_TOPIC = { title: 'Options of single rewards', settings: REWARD_SETTINGS };

const SAMPLED_TOPICS: readonly SettingTopic[] = [MODEL_TOPIC, PROBLEM_TOPIC, ROLLOUT_TOPIC, ANSWER_TOPIC, REWARD_TOPIC];

/** Topics of `probe`, which does not train. */
export const PROBE_TOPICS: readonly SettingTopic[] = [...SAMPLED_TOPICS, REWARD_OPTIONS_TOPIC];

/** Topics for rewarding rollouts of others. */
export const SCORE_TOPICS: readonly SettingTopic[] = [ANSWER_TOPIC, REWARD_TOPIC, REWARD_OPTIONS_TOPIC];

export const TRAIN_TOPICS: readonly SettingTopic[] = [
  ...SAMPLED_TOPICS,
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
  REWARD_OPTIONS_TOPIC,
];

/** Experiments are made of this engine's runs; a training may be another trainer's. */
export const ENGINE_TOPIC: SettingTopic = { title: 'Engine', settings: settingsIn(ENGINE as AnySection, 'engine.') };

/** Those of them that a job is written with, too. */
export const CLUSTER_TOPIC: SettingTopic = { title: 'Cluster', settings: settingsIn({ fields: CLUSTER }, 'engine.') };

/** All settings of a run. */
export const SETTINGS: readonly RunSetting[] = [...TRAIN_TOPICS, ENGINE_TOPIC].flatMap(({ settings }) => settings);

/** The setting at a path of the configuration, or the one that contains the path; undefined if there is none. */
export function settingAt(path: string): RunSetting | undefined {
  return SETTINGS.find((placed) => path === placed.path || path.startsWith(`${placed.path}.`));
}
