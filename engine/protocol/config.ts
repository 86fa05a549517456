/**
 * The configuration of a run, as the command line, the editor and `run.json` all write it.
 * Every field has its default here and nowhere else. Defaults are the paper's (arXiv 2603.08660, section 3)
 * unless a comment says otherwise.
 */
import * as z from 'zod';
import { DEVICE_NAMES } from './devices.ts';
import type { RollscopeError } from './errors.ts';
import { parseReward } from './reward-expression.ts';

/** Bumped when a run folder of this version could not be read by an older Rollscope. */
export const RUN_FORMAT = 2;

/** Names that a reward expression is made of, in the order of the documentation. */
export const REWARDS = [
  'majority-vote',
  'co-reward',
  'rlccf',
  'empo',
  'covo',
  'self-certainty',
  'token-entropy',
  'trajectory-entropy',
  'probability',
  'probability-disparity',
  'self-verification',
  'countdown',
  'integral',
  'next-token',
  'dual',
  'program',
  'lean',
  'custom',
  'ground-truth',
] as const;
export type RewardName = (typeof REWARDS)[number];
/** What a run can be told to compute on. */
export const DEVICES = ['auto', ...DEVICE_NAMES] as const;
export const LORA_TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

const count = (max = 1_000_000) => z.int().min(1).max(max);

export const FieldMap = z.strictObject({
  prompt: z.string().min(1).optional(),
  answer: z.string().min(1).optional(),
  id: z.string().min(1).optional(),
});
export type FieldMap = z.infer<typeof FieldMap>;

export const DatasetConfig = z.strictObject({
  /** Absolute path of a .jsonl, .json, .csv or .parquet file, a text to be continued (.txt, .md), or `embedded`. */
  path: z.string().min(1),
  /** Names of the columns, where they are not the usual ones. */
  fields: FieldMap.default({}),
  /** Text around each problem; `{{prompt}}` stands for the problem, `{{name}}` for any other column. */
  template: z.string().default('{{prompt}}'),
  /** System message for models with a chat template. */
  system: z.string().optional(),
  /** Take the first n problems only. */
  limit: count().optional(),
  /** Take these problems only, by id. */
  ids: z.array(z.string()).min(1).optional(),
});
export type DatasetConfig = z.infer<typeof DatasetConfig>;

export const SamplingConfig = z.strictObject({
  /** Divides the logits; 0 is greedy decoding. */
  temperature: z.number().min(0).max(10).default(1),
  /** Nucleus mass; 1 is off. */
  topP: z.number().gt(0).max(1).default(1),
  /** Number of likeliest tokens kept; 0 is off. */
  topK: z.int().min(0).max(1_000_000).default(0),
  /** Longest response in tokens. */
  maxTokens: count(131_072).default(512),
  /** A response ends after any of these texts. */
  stop: z.array(z.string().min(1)).default([]),
  /** A response ends once it holds a balanced \boxed{...} or a `#### x` line. */
  stopAtAnswer: z.boolean().default(false),
});
export type SamplingConfig = z.infer<typeof SamplingConfig>;

export const EvaluationConfig = z.strictObject({
  /** Problems to evaluate on; the training problems when absent. */
  dataset: DatasetConfig.optional(),
  /** Evaluate every k steps, and always before the first and after the last; 0: only then. */
  every: z.int().min(0).default(0),
  /** Rollouts a problem for avg@k, maj@k and pass@k; 0 switches evaluation off. The paper uses 32. */
  samples: z.int().min(0).max(4096).default(8),
  temperature: z.number().min(0).max(10).default(0.6),
  topP: z.number().gt(0).max(1).default(0.95),
  /** Also decode greedily once. */
  greedy: z.boolean().default(true),
  /** Evaluate on the first n problems only. */
  limit: count().optional(),
});
export type EvaluationConfig = z.infer<typeof EvaluationConfig>;

/** How rewards become advantages: `engine/training/advantages.ts`. */
export const ADVANTAGES = ['grpo', 'grpo-batch', 'dr-grpo', 'rloo', 'reinforce++', 'reinforce++-baseline'] as const;

export const LossConfig = z.strictObject({
  advantage: z.enum(ADVANTAGES).default('grpo'),
  /** `grpo`: mean over a response's tokens, then over responses; `dapo`: over all tokens; `dr-grpo`: by B x maxTokens. */
  normalizer: z.enum(['grpo', 'dapo', 'dr-grpo']).default('dapo'),
  /** Importance ratio of each token, or of the whole response (GSPO, which takes the normaliser `grpo`). */
  ratio: z.enum(['token', 'sequence']).default('token'),
  clipLow: z.number().min(0).max(1).default(0.2),
  /** 0.28 in DAPO ("clip higher"). */
  clipHigh: z.number().min(0).max(10).default(0.2),
  /** Where the advantage is negative the ratio counts as this much at most (dual clip; 3 is usual); off when absent. */
  dualClip: z.number().gt(1).max(1000).optional(),
  /** Weight of the KL penalty to the reference policy, added to the loss of each token after clipping. */
  klCoefficient: z.number().min(0).max(100).default(0),
  /** With d = log p_ref - log p: k1 = -d, k2 = d^2 / 2, k3 = exp(d) - d - 1. */
  klEstimator: z.enum(['k1', 'k2', 'k3']).default('k3'),
  /** Measure the KL to the reference policy at each step: one forward pass of the rollouts that train. */
  measureKl: z.boolean().default(true),
  /** Weight of the entropy bonus; a negative one makes the policy surer. */
  entropyCoefficient: z.number().min(-10).max(10).default(0),
  /** Problems in one optimizer update; the whole batch (pure on-policy) when absent. */
  miniBatch: count().optional(),
  /** Passes over a batch's rollouts. */
  epochs: count(1000).default(1),
  /** Leave responses that were cut at the length limit out of the loss. */
  maskTruncated: z.boolean().default(false),
});
export type LossConfig = z.infer<typeof LossConfig>;

export const OptimizerConfig = z.strictObject({
  /** Learning rate. 1e-6 in the paper for full fine-tuning of billions of parameters; LoRA takes about 10 times more. */
  lr: z.number().gt(0).max(1).default(1e-6),
  schedule: z.enum(['constant', 'cosine', 'linear']).default('constant'),
  /** What `cosine` and `linear` fall to, as a share of the rate. */
  minimum: z.number().min(0).max(1).default(0),
  /** Share of the steps over which the rate rises from 0. */
  warmup: z.number().min(0).max(1).default(0),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().gt(0).max(1).default(1e-8),
  weightDecay: z.number().min(0).max(1).default(0),
  /** Bound on the global gradient norm. */
  clipNorm: z.number().gt(0).default(1),
});
export type OptimizerConfig = z.infer<typeof OptimizerConfig>;

export const LoraConfig = z.strictObject({
  rank: count(1024).default(16),
  alpha: z.number().gt(0).default(32),
  targets: z
    .array(z.enum(LORA_TARGETS))
    .min(1)
    .default([...LORA_TARGETS]),
});
export type LoraConfig = z.infer<typeof LoraConfig>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'g').global;
  } catch {
    return false;
  }
}

/** A question that the model is asked beside the problem itself: how it is sampled. */
const Question = {
  temperature: z.number().min(0).max(10),
  maxTokens: count(131_072),
};

/** Settings of the rewards that have some; each is read only where the reward expression names it. */
export const RewardOptions = z.strictObject({
  coReward: z
    .strictObject({
      /** Column with a list of rephrasings of the problem; the model is asked for them where it is absent. */
      column: z.string().min(1).default('rephrasings'),
      /** Rephrasings of each problem that vote. */
      count: count(64).default(1),
      /** What the model is asked where the data has no rephrasings. */
      template: z
        .string()
        .default(
          'Rewrite the following problem in other words, without changing its meaning, its numbers or its answer, and without solving it. Write the rewritten problem only.\n\n{{problem}}',
        ),
      temperature: Question.temperature.default(1),
      maxTokens: Question.maxTokens.default(512),
    })
    .prefault({}),
  rlccf: z
    .strictObject({
      /** The policies that vote beside the one that trains: adapter folders (`base`: no adapter), or models of the same shape. */
      policies: z.array(z.string().min(1)).max(16).default([]),
    })
    .prefault({}),
  empo: z
    .strictObject({
      /** What makes two answers one: mathematical equivalence, equal normalised text, or the model's own judgement. */
      clusters: z.enum(['equivalence', 'text', 'model']).default('equivalence'),
      /** A group trains only if its answer entropy, as a share of its largest value log N, is within these bounds. */
      entropyLow: z.number().min(0).max(1).default(0),
      entropyHigh: z.number().min(0).max(1).default(1),
      /** What the model is asked with `clusters: model`. */
      template: z
        .string()
        .default(
          'Problem:\n{{problem}}\n\nDo these two answers mean the same?\nFirst: {{first}}\nSecond: {{second}}\n\nFinish with \\boxed{yes} or \\boxed{no}.',
        ),
      accept: z.string().min(1).default('yes'),
      reject: z.string().min(1).default('no'),
      maxTokens: Question.maxTokens.default(64),
    })
    .prefault({}),
  covo: z
    .strictObject({
      /** Most steps that a solution is split into. */
      steps: z.int().min(1).max(100).default(15),
      /** Where a step ends: a regular expression. */
      separator: z.string().min(1).refine(isPattern, 'must be a regular expression').default('\\n+'),
      /** Put after each prefix, before a candidate answer. */
      cue: z.string().default('\n\nThe answer is: '),
      /** Weight of volatility: reward = consistency - weight * volatility. */
      volatility: z.number().min(0).max(1).default(1),
    })
    .prefault({}),
  selfVerification: z
    .strictObject({
      /** The judge's prompt: `{{problem}}` and `{{solution}}` stand for what is judged. */
      template: z
        .string()
        .refine((t) => t.includes('{{solution}}'), 'must contain {{solution}}')
        .default(
          'Problem:\n{{problem}}\n\nProposed solution:\n{{solution}}\n\nIs the proposed solution correct? Check it step by step, then finish with \\boxed{yes} or \\boxed{no}.',
        ),
      /** The verdict is the judge's marked answer: this text accepts, that one rejects, anything else is no verdict. */
      accept: z.string().min(1).default('yes'),
      reject: z.string().min(1).default('no'),
      samples: count(64).default(1),
      temperature: Question.temperature.default(0.5),
      maxTokens: Question.maxTokens.default(256),
    })
    .prefault({}),
  countdown: z
    .strictObject({
      /** Columns with the given numbers and the target. */
      numbers: z.string().min(1).default('numbers'),
      target: z.string().min(1).default('target'),
      /** Reward of an expression that is well formed and uses the numbers rightly, but misses the target. */
      formatScore: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
  integral: z
    .strictObject({
      /** Column with the integrand; taken from the problem's text (`\int ... dx`) where it is absent. */
      column: z.string().min(1).default('integrand'),
      /** Points at which the answer's derivative is compared with the integrand. */
      points: z.int().min(3).max(200).default(10),
      /** Largest relative error at each point. */
      tolerance: z.number().gt(0).max(0.1).default(1e-4),
    })
    .prefault({}),
  nextToken: z
    .strictObject({
      /** Column with the text that follows the prompt in the corpus. */
      column: z.string().min(1).default('continuation'),
    })
    .prefault({}),
  dual: z
    .strictObject({
      /** Column with what the dual task must give back; a number of the problem is hidden where it is absent. */
      column: z.string().min(1).default('hidden'),
      /** The dual task: `{{masked}}` is the problem with what is hidden replaced by `mask`, `{{answer}}` the answer. */
      template: z
        .string()
        .default(
          'In the following problem one number was replaced by {{mask}}. The answer to the problem is {{answer}}.\n\n{{masked}}\n\nWhich number is {{mask}}? Reason step by step, and put it within \\boxed{}.',
        ),
      mask: z.string().min(1).default('[X]'),
      samples: count(64).default(1),
      temperature: Question.temperature.default(0.5),
      maxTokens: Question.maxTokens.default(256),
    })
    .prefault({}),
  program: z
    .strictObject({
      language: z.enum(['python', 'javascript']).default('python'),
      /** Column with the tests: code that fails (an exception) when the program is wrong, or a list of such codes. */
      tests: z.string().min(1).default('tests'),
      /** Seconds, megabytes of memory and of output that a program may take. */
      seconds: z.number().gt(0).max(600).default(5),
      megabytes: z.int().min(16).max(65_536).default(512),
      outputKilobytes: z.int().min(1).max(65_536).default(64),
    })
    .prefault({}),
  lean: z
    .strictObject({
      /** Column with the statement to prove, up to `:=`; put before the proof where it is there. */
      column: z.string().min(1).default('statement'),
      /** Put at the head of every file: imports. */
      header: z.string().default(''),
      seconds: z.number().gt(0).max(3600).default(60),
    })
    .prefault({}),
  custom: z
    .strictObject({
      /** A .js, .mjs or .ts module, or the program and its arguments. */
      command: z.array(z.string().min(1)).max(64).default([]),
      /** Seconds that it may take for the rollouts of one step. */
      seconds: z.number().gt(0).max(86_400).default(60),
      /** Give it the reference answers too. */
      labels: z.boolean().default(false),
    })
    .prefault({}),
});
export type RewardOptions = z.infer<typeof RewardOptions>;

/** A reward expression: see `reward-expression.ts`. */
const RewardText = z.string().superRefine((text, context) => {
  try {
    parseReward(text, REWARDS);
  } catch (error) {
    const { message, hint } = error as RollscopeError;
    context.addIssue({ code: 'custom', message, params: { hint } });
  }
});

export const RunConfig = z.strictObject({
  /** What the job is: `train`, or `probe` (sample the problems once, change nothing). */
  job: z.enum(['train', 'probe']).default('train'),
  /** `embedded`, `embedded:<name>`, a .gguf file, a Hugging Face folder, or a Hub id such as `Qwen/Qwen3-0.6B`. */
  model: z.string().min(1).default('embedded'),
  dataset: DatasetConfig,
  /** A reward by name, a weighted sum of rewards, or one gated by another: `majority-vote + 0.1*trajectory-entropy`. */
  reward: RewardText.default('majority-vote'),
  rewardOptions: RewardOptions.prefault({}),
  steps: z.int().min(0).max(1_000_000).default(100),
  /** Problems a step; all of them when the set is smaller. */
  batch: count(65_536).default(64),
  /** Rollouts a problem that vote. */
  votes: count(4096).default(8),
  /** Rollouts a problem that train, a random subset of the votes. */
  group: count(4096).default(8),
  sampling: SamplingConfig.prefault({}),
  loss: LossConfig.prefault({}),
  optimizer: OptimizerConfig.prefault({}),
  /** null: full fine-tuning. */
  lora: LoraConfig.nullable().default(null),
  evaluation: EvaluationConfig.prefault({}),
  /** A checkpoint every k steps (and at the end); older ones beyond `keep` are removed. */
  checkpoint: z.strictObject({ every: count().default(10), keep: count(1000).default(2) }).prefault({}),
  /** The collapse watch: only warn, or stop, or go back to the last checkpoint that was well and stop. */
  watch: z.enum(['off', 'warn', 'stop', 'rollback']).default('warn'),
  /** Training problems that are probed before the first and after the last step, for the forecast; 0: the evaluation's, where they are the training problems. */
  forecast: z.int().min(0).max(1_000_000).default(0),
  device: z.enum(DEVICES).default('auto'),
  /** Threads of onnxruntime; 0 lets the engine choose (the number of cores). */
  threads: z.int().min(0).max(1024).default(0),
  /** Bound on resident memory in bytes that batches are sized for; null: 4 GB, or more where the longest problem needs it. */
  memoryLimit: z
    .number()
    .min(256 * 2 ** 20)
    .nullable()
    .default(null),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0),
});
export type RunConfig = z.infer<typeof RunConfig>;
/** What a user writes: everything but the dataset may be left out. */
export type RunConfigInput = z.input<typeof RunConfig>;
