/**
 * Converts run settings to overrides of verl's configuration; `verl-refusals.ts` lists the unsupported ones. Pure.
 * `docs/beside.md` has the table; `tests/trainers/verl.test.ts` composes and validates them with verl's own code.
 */
import { NO_TEMPLATE, OWN_TEMPLATE, parseTemplateVariables } from '../protocol/chat-choice.ts';
import type { RunConfig } from '../protocol/index.ts';
import type { HydraValue, Overrides } from './hydra.ts';
import type { Machines } from './machines.ts';

/** Properties of the dataset. */
export interface JobData {
  training: number;
  /** Number of evaluation problems with a reference answer. */
  validation: number;
  /** Upper bound of the prompt length in tokens. */
  promptTokens: number;
}

/** The advantage estimators that verl computes as this engine does. */
export const ESTIMATORS: Partial<Record<RunConfig['loss']['advantage'], { name: string; byDeviation: boolean }>> = {
  grpo: { name: 'grpo', byDeviation: true },
  'dr-grpo': { name: 'grpo', byDeviation: false },
  rloo: { name: 'rloo', byDeviation: false },
};

const AGGREGATIONS: Record<RunConfig['loss']['normalizer'], string> = {
  grpo: 'seq-mean-token-mean',
  dapo: 'token-mean',
  'dr-grpo': 'seq-mean-token-sum-norm',
};

/** verl always applies dual clipping, which bounds the ratio for negative advantages; this bound is never reached. */
const NO_DUAL_CLIP = 1e6;
/** Ray actors handle 1000 concurrent calls, and rollouts waiting for their group use them up: only half are planned. */
const WAITING_PER_WORKER = 500;
const MIN_WORKERS = 8;
/** Concatenates the messages, as this engine does for a model without a chat template. */
const PLAIN_TEMPLATE =
  "{% for message in messages %}{{ message['content'] }}{% if not loop.last %}\n\n{% endif %}{% endfor %}";

/** Paths within the job's folder; `train.py` adds the output folders. */
export const TRAIN_FILE = 'train.parquet';
export const VALIDATION_FILE = 'validation.parquet';
export const REWARD_FILE = 'reward.py';
const REWARD_CLASS = 'RollscopeRewardManager';

/** Overrides of verl's `ppo_trainer`, grouped by topic for readers. */
export function verlOverrides(config: RunConfig, machines: Machines, data: JobData): Overrides {
  return {
    ...dataOverrides(config, data),
    ...modelOverrides(config),
    ...lossOverrides(config, data),
    ...optimizerOverrides(config),
    ...samplingOverrides(config, machines),
    ...rewardOverrides(config, data),
    ...trainerOverrides(config, machines, data),
  };
}

/** Problems per step, limited by the number of training problems. */
export function batchSize({ batch }: RunConfig, { training }: JobData): number {
  return Math.min(batch, training);
}

function dataOverrides(config: RunConfig, data: JobData): Overrides {
  const variables = parseTemplateVariables(config.chatTemplateKwargs) as Record<string, HydraValue>;
  return {
    'data.train_files': TRAIN_FILE,
    'data.val_files': data.validation > 0 ? VALIDATION_FILE : TRAIN_FILE,
    'data.train_batch_size': batchSize(config, data),
    'data.max_prompt_length': data.promptTokens,
    'data.max_response_length': config.sampling.maxTokens,
    'data.truncation': 'error',
    'data.seed': config.seed,
    ...Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [`+data.apply_chat_template_kwargs.${name}`, value]),
    ),
  };
}

function modelOverrides({ model, chatTemplate, lora }: RunConfig): Overrides {
  const template = chatTemplate === NO_TEMPLATE ? PLAIN_TEMPLATE : chatTemplate;
  return {
    'actor_rollout_ref.model.path': model,
    ...(chatTemplate !== OWN_TEMPLATE && { 'actor_rollout_ref.model.custom_chat_template': template }),
    ...(lora && {
      'actor_rollout_ref.model.lora_rank': lora.rank,
      'actor_rollout_ref.model.lora_alpha': lora.alpha,
      'actor_rollout_ref.model.target_modules': lora.targets,
      // The sampler needs the base weights under the adapter.
      'actor_rollout_ref.rollout.load_format': 'safetensors',
    }),
  };
}

function lossOverrides(config: RunConfig, data: JobData): Overrides {
  const { loss, sampling, seed } = config;
  const actor = 'actor_rollout_ref.actor';
  const { name, byDeviation } = ESTIMATORS[loss.advantage]!;
  return {
    'algorithm.adv_estimator': name,
    'algorithm.norm_adv_by_std_in_grpo': byDeviation,
    'algorithm.use_kl_in_reward': false,
    [`${actor}.loss_agg_mode`]: AGGREGATIONS[loss.normalizer],
    ...(loss.normalizer === 'dr-grpo' && { [`${actor}.loss_scale_factor`]: sampling.maxTokens }),
    [`${actor}.policy_loss.loss_mode`]: loss.ratio === 'sequence' ? 'gspo' : 'vanilla',
    [`${actor}.clip_ratio`]: loss.clipLow,
    [`${actor}.clip_ratio_low`]: loss.clipLow,
    [`${actor}.clip_ratio_high`]: loss.clipHigh,
    [`${actor}.clip_ratio_c`]: loss.dualClip ?? NO_DUAL_CLIP,
    [`${actor}.use_kl_loss`]: loss.klCoefficient > 0,
    [`${actor}.kl_loss_coef`]: loss.klCoefficient,
    [`${actor}.kl_loss_type`]: loss.klEstimator,
    [`${actor}.entropy_coeff`]: loss.entropyCoefficient,
    [`${actor}.ppo_mini_batch_size`]: Math.min(loss.miniBatch ?? config.batch, batchSize(config, data)),
    [`${actor}.ppo_epochs`]: loss.epochs,
    [`${actor}.use_dynamic_bsz`]: true,
    [`${actor}.ppo_max_token_len_per_gpu`]: Math.max(16_384, data.promptTokens + sampling.maxTokens),
    [`${actor}.data_loader_seed`]: seed,
    [`${actor}.fsdp_config.seed`]: seed,
  };
}

function optimizerOverrides({ optimizer, steps }: RunConfig): Overrides {
  const own = 'actor_rollout_ref.actor.optim';
  return {
    [`${own}.lr`]: optimizer.lr,
    [`${own}.lr_scheduler_type`]: optimizer.schedule,
    [`${own}.lr_warmup_steps`]: Math.ceil(optimizer.warmup * steps),
    [`${own}.min_lr_ratio`]: optimizer.minimum,
    [`${own}.zero_indexed_step`]: false,
    [`${own}.betas`]: [optimizer.beta1, optimizer.beta2],
    [`${own}.override_optimizer_config`]: { eps: optimizer.epsilon },
    [`${own}.weight_decay`]: optimizer.weightDecay,
    [`${own}.clip_grad`]: optimizer.clipNorm,
  };
}

function samplingOverrides({ sampling, group, evaluation, seed }: RunConfig, { tensorParallel }: Machines): Overrides {
  const rollout = 'actor_rollout_ref.rollout';
  return {
    [`${rollout}.name`]: 'vllm',
    [`${rollout}.n`]: group,
    [`${rollout}.temperature`]: sampling.temperature,
    [`${rollout}.top_p`]: sampling.topP,
    [`${rollout}.top_k`]: sampling.topK === 0 ? -1 : sampling.topK,
    [`${rollout}.seed`]: seed,
    [`${rollout}.tensor_model_parallel_size`]: tensorParallel,
    [`${rollout}.val_kwargs.n`]: Math.max(1, evaluation.samples),
    [`${rollout}.val_kwargs.do_sample`]: evaluation.temperature > 0,
    [`${rollout}.val_kwargs.temperature`]: evaluation.temperature,
    [`${rollout}.val_kwargs.top_p`]: evaluation.topP,
  };
}

function rewardOverrides(config: RunConfig, data: JobData): Overrides {
  const waiting = batchSize(config, data) * config.group;
  return {
    'reward.reward_manager.source': 'importlib',
    'reward.reward_manager.name': REWARD_CLASS,
    'reward.reward_manager.module.path': REWARD_FILE,
    'reward.num_workers': Math.max(MIN_WORKERS, Math.ceil(waiting / WAITING_PER_WORKER)),
  };
}

function trainerOverrides(config: RunConfig, { nodes, gpus }: Machines, data: JobData): Overrides {
  const { steps, evaluation, checkpoint } = config;
  const validates = data.validation > 0 && evaluation.samples > 0;
  return {
    'trainer.nnodes': nodes,
    'trainer.n_gpus_per_node': gpus,
    'trainer.total_training_steps': steps,
    'trainer.total_epochs': Math.ceil(steps / Math.max(1, Math.floor(data.training / batchSize(config, data)))),
    'trainer.val_before_train': validates,
    // If verl validates at all, it also does so after the last step.
    'trainer.test_freq': validates ? evaluation.every || steps : -1,
    'trainer.save_freq': checkpoint.every,
    'trainer.max_actor_ckpt_to_keep': checkpoint.keep,
    'trainer.resume_mode': 'auto',
    'trainer.logger': ['console', 'file'],
    'trainer.project_name': 'metrics',
  };
}
