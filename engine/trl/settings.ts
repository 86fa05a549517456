/** Converts run settings to TRL's; `refusals.ts` lists the unsupported ones. Pure. `docs/trl.md` has the table. */
import type { RunConfig } from '../protocol/index.ts';
import { learningRate } from '../training/schedule.ts';

/** Maximum number of sequences per forward and backward pass on one device. */
export const MICRO_BATCH = 8;

/** Fields of GRPOConfig and LoraConfig. */
export type TrlFields = Record<string, string | number | boolean | readonly string[] | Record<string, unknown>>;

/** `scale_rewards` for each advantage estimator that TRL computes as this engine does. */
export const SCALES: Partial<Record<RunConfig['loss']['advantage'], string>> = {
  grpo: 'group',
  'grpo-batch': 'batch',
  'dr-grpo': 'none',
};

const LOSS_TYPES: Record<RunConfig['loss']['normalizer'], string> = {
  grpo: 'grpo',
  dapo: 'dapo',
  'dr-grpo': 'dr_grpo',
};

/** The configuration of TRL's trainer, without fields that depend on the number of processes. */
export function grpoFields({ seed, sampling, loss, optimizer, engine }: RunConfig): TrlFields {
  return {
    seed,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    max_completion_length: sampling.maxTokens,
    scale_rewards: SCALES[loss.advantage]!,
    loss_type: LOSS_TYPES[loss.normalizer],
    importance_sampling_level: loss.ratio,
    epsilon: loss.clipLow,
    epsilon_high: loss.clipHigh,
    ...(loss.dualClip !== undefined && { delta: loss.dualClip }),
    beta: loss.klCoefficient,
    entropy_coef: loss.entropyCoefficient,
    mask_truncated_completions: loss.maskTruncated,
    num_iterations: 1,
    learning_rate: optimizer.lr,
    adam_beta1: optimizer.beta1,
    adam_beta2: optimizer.beta2,
    adam_epsilon: optimizer.epsilon,
    weight_decay: optimizer.weightDecay,
    max_grad_norm: optimizer.clipNorm,
    optim: 'adamw_torch',
    disable_dropout: true,
    model_init_kwargs: { dtype: 'float32' },
    ...(engine?.vllm && { use_vllm: true, vllm_mode: 'colocate' }),
  };
}

/** The adapter; null if all weights are trained. */
export function loraFields({ lora }: RunConfig): TrlFields | null {
  if (!lora) return null;
  return { r: lora.rank, lora_alpha: lora.alpha, lora_dropout: 0, target_modules: lora.targets };
}

/** The learning rate of each step, from this engine's schedule. */
export function learningRates({ optimizer, steps }: RunConfig): number[] {
  return Array.from({ length: steps }, (_, i) => learningRate(optimizer, i + 1, steps));
}
