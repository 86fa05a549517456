/** Opens a run's policy for everything that it will be asked. */
import { parseTemplateVariables } from '../../protocol/chat-choice.ts';
import { type Problem, RollscopeError, type RunConfig } from '../../protocol/index.ts';
import { truncates } from '../../protocol/sampling.ts';
import { rewardOf } from '../../reward/index.ts';
import type { Compute } from '../compute.ts';
import { questionTokens } from '../evidence.ts';
import type { PolicyInfo, PolicyOptions } from '../policy/contract.ts';
import { type Material, placeOf, problemDetails } from './material.ts';

/** Opens the model in a worker. Throws RollscopeError: `canceled`, or one that names the problem if a prompt is at fault. */
export async function openPolicy(
  config: RunConfig,
  { prompts, problems, date }: Pick<Material, 'problems'> & Pick<PolicyOptions, 'prompts' | 'date'>,
  compute: Compute,
  signal: AbortSignal,
): Promise<PolicyInfo> {
  const reward = rewardOf(config.reward, config.rewardOptions);
  try {
    const options: PolicyOptions = {
      model: config.model,
      chat: { template: config.chatTemplate, variables: parseTemplateVariables(config.chatTemplateKwargs) },
      basePrecision: config.basePrecision,
      rolloutPrecision: config.rolloutPrecision,
      cachePrecision: config.cachePrecision,
      activationPrecision: config.activationPrecision,
      lora: config.lora,
      loss: config.loss,
      optimizer: config.optimizer,
      device: config.device,
      threads: config.threads,
      memoryLimit: config.memoryLimit,
      seed: config.seed,
      date,
      prompts,
      temperature: config.sampling.temperature,
      maxTokens: config.sampling.maxTokens,
      trains: config.job === 'train',
      truncates: truncates(config.sampling),
      questionTokens: questionTokens(reward.evidence, config),
      otherPolicies: [...reward.policies],
    };
    return await compute.open(options, signal);
  } catch (error) {
    throw withProblemPlace(error, problems);
  }
}

/** Adds the location of the problem at fault to an error, if there is one. */
export function withProblemPlace(error: unknown, problems: readonly Problem[]): unknown {
  if (!(error instanceof RollscopeError) || error.problem === null) return error;
  const problem = problems[error.problem]!;
  return new RollscopeError(error.code, `${placeOf(problem)}, problem ${problem.id}: ${error.message}`, error.hint, {
    details: error.details && { ...error.details, ...problemDetails(problem) },
  });
}
