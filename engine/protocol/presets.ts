/**
 * The values that the command line and the editor start with if the user gave none. `config.ts` contains the paper's
 * defaults, which suit billions of parameters; a preset replaces those that do not suit the model at hand.
 */
import type { RunConfigInput } from './config.ts';
import { EMBEDDED, EMBEDDED_QUESTIONS, isEmbedded } from './embedded.ts';
import { isObject } from './values.ts';

/** A preset names no file, since that is the user's choice. */
export type Preset = Omit<RunConfigInput, 'dataset'> & { dataset?: Pick<RunConfigInput['dataset'], 'template'> };

const EMBEDDED_TOKENS = 40;

/** The embedded character-level model on its own problems: a minute or two on two cores. */
const EMBEDDED_PRESET: Preset = {
  model: EMBEDDED,
  steps: 100,
  batch: 32,
  group: 8,
  votes: 8,
  lora: null,
  sampling: { maxTokens: EMBEDDED_TOKENS },
  rewardOptions: {
    selfVerification: {
      template: EMBEDDED_QUESTIONS.judge,
      accept: '1',
      reject: '0',
      maxTokens: EMBEDDED_TOKENS,
    },
    dual: { template: EMBEDDED_QUESTIONS.dual, mask: EMBEDDED_QUESTIONS.mask, maxTokens: EMBEDDED_TOKENS },
    // a step ends where a running total does
    covo: { separator: '\\d(?=,)', cue: ' #### ' },
  },
  loss: { normalizer: 'dapo' },
  optimizer: { lr: 1e-4, beta2: 0.99 },
  evaluation: { temperature: 1, topP: 1, samples: 8, every: 25, draw: 'random' },
  checkpoint: { every: 10 },
};

/** A real model on one machine: LoRA, small batches, short answers. */
const LORA_PRESET: Preset = {
  steps: 100,
  batch: 8,
  group: 8,
  votes: 8,
  // The paper's prompt: without it most models end in a sentence without an answer to vote for.
  dataset: { template: '{{problem}}\n\nPlease reason step by step, and put your final answer within \\boxed{}.' },
  lora: { rank: 16, alpha: 32 },
  sampling: { maxTokens: 256 },
  optimizer: { lr: 1e-5 },
  evaluation: { samples: 4, limit: 32, draw: 'random' },
  checkpoint: { every: 10 },
};

/**
 * The preset for a model (`embedded`, `embedded:W`, a path or a Hub id). On a dataset of the user's own the embedded
 * model keeps its optimizer settings, but evaluates on a bounded number of problems, because the set may have any size.
 */
export function presetFor(model: string, embeddedDataset: boolean): Preset {
  if (!isEmbedded(model)) return structuredClone({ ...LORA_PRESET, model });
  const preset = structuredClone({ ...EMBEDDED_PRESET, model });
  if (!embeddedDataset) preset.evaluation = { ...preset.evaluation, limit: 128 };
  return preset;
}

/** The starting values of a run that another trainer makes: verl validates either with sampling or greedily, not both. */
export function presetForEngine(engine: unknown): Preset {
  return engine === 'verl' ? { evaluation: { greedy: false } } : {};
}

/** `over` merged into `base`, object by object; lists and scalars of `over` replace those of `base`. */
export function mergeConfig<T extends object>(base: T, over: object): T {
  const result = { ...base } as Record<string, unknown>;
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = result[key];
    result[key] = isObject(value) && isObject(below) ? mergeConfig(below, value) : value;
  }
  return result as T;
}
