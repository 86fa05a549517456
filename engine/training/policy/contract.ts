/** What a policy is opened with, what it reports about itself, and what it can be asked to do. */
import type { ChatChoice } from '../../model/chat-choice.ts';
import type { PromptText } from '../../model/prompt-text.ts';
import type {
  Activity,
  LoraConfig,
  LossConfig,
  OptimizerConfig,
  RunConfig,
  SamplingConfig,
} from '../../protocol/index.ts';
import type { StreamName } from '../../rollout/philox.ts';
import type { EncodedPrompt } from './prompts.ts';
import type { TrainedGroup } from './responses.ts';

export interface PolicyOptions {
  model: string;
  /** The model's own chat template by default. */
  chat?: ChatChoice;
  /** Precision of the frozen base: float32 by default; any other requires an adapter. */
  basePrecision?: RunConfig['basePrecision'];
  /** Precision of the frozen base for sampling; by default that of training. */
  rolloutPrecision?: RunConfig['rolloutPrecision'];
  /** Precision of the keys and values of generated tokens; float32 by default. */
  cachePrecision?: RunConfig['cachePrecision'];
  /** Precision of the other factor in products with a base in blocks while sampling; float32 by default. */
  activationPrecision?: RunConfig['activationPrecision'];
  lora: LoraConfig | null;
  loss: LossConfig;
  optimizer: OptimizerConfig;
  device: RunConfig['device'];
  threads: number;
  /** Bytes; null: `TYPICAL_MEMORY`, or more if the longest problem needs it. */
  memoryLimit: number | null;
  seed: number;
  /** When the run was created, ISO 8601: the date that chat templates print, also in questions asked by rewards. */
  date: string;
  /**
   * The problems' prompts, or their encoded form from when the run was created; elsewhere they are identified by their
   * index here.
   */
  prompts: (PromptText | EncodedPrompt)[];
  /** Sampling temperature of training, and longest response of any phase. */
  temperature: number;
  maxTokens: number;
  /** A probe needs no gradients and no optimizer. */
  trains: boolean;
  /** Training samples from a part of the distribution only (top-p, top-k). */
  truncates: boolean;
  /**
   * Longest response to a question about a problem and its response, in tokens; null if there are no such questions.
   */
  questionTokens: number | null;
  /** Other policies that vote: `base`, adapter folders, checkpoints or models. */
  otherPolicies: string[];
}

export interface PolicyInfo {
  name: string;
  /** Prompts of the problems, in order. */
  prompts: EncodedPrompt[];
  /** Fingerprint of the model and of the other voting policies. */
  fingerprint: string;
  parameters: number;
  trainable: number;
  vocabulary: number;
  device: string;
  /** What a user should know although it does not stop anything. */
  warnings: string[];
}

/** The progress of a request to the policy. */
export interface Tick {
  activity: Activity;
  /** What it works on, if there are several possibilities. */
  detail?: string;
  /** Part of it that is done, 0 to 1; null when unknown. */
  fraction: number | null;
  /** Tokens sampled so far. */
  tokens: number;
}

export interface PolicyHooks {
  /** Between two calls of the device: throws to cancel, waits while paused. */
  tick: (progress: Tick) => void;
}

export interface SampleOptions {
  problems: number[];
  rows: number;
  sampling: SamplingConfig;
  stream: StreamName;
  step: number;
}

export interface UpdateOptions {
  groups: Omit<TrainedGroup, 'prompt'>[];
  learningRate: number;
}
