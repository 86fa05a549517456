/** What is refused before any part of a run is created. */
import { graderOf } from '../../grading/index.ts';
import { checkVotes, type Problem, RollscopeError, type RunConfig } from '../../protocol/index.ts';
import { rewardOf } from '../../reward/index.ts';
import { requireSandbox } from '../../system/sandbox.ts';
import { requirePrograms } from '../evidence.ts';
import { placeOf, problemDetails } from './material.ts';

/** Throws RollscopeError `config` for settings that do not go together, or a reward that cannot be computed. */
export async function checkConfig(config: RunConfig, allowPrograms: boolean): Promise<void> {
  await checkReward(config, allowPrograms);
  checkVotes(config);
  checkPrecision(config);
  if (config.sampling.temperature === 0 && config.job === 'train') {
    throw new RollscopeError(
      'config',
      'sampling.temperature is 0: all rollouts of a problem would be identical.',
      'Use a temperature above 0; the paper uses 1.',
      { details: { reason: 'greedy-training', field: 'sampling.temperature', value: 0 } },
    );
  }
}

/** Trained weights cannot be in blocks, and only products with blocks round the other factor. */
function checkPrecision({ basePrecision, rolloutPrecision, activationPrecision, lora }: RunConfig): void {
  const sampled = rolloutPrecision === 'base' ? basePrecision : rolloutPrecision;
  if (activationPrecision !== 'float32' && sampled !== '8bit' && sampled !== '4bit') {
    throw new RollscopeError(
      'config',
      `--activation-precision ${activationPrecision} needs a base that samples in 8bit or 4bit; this one samples in ${sampled}.`,
      'Add --base-precision 4bit (or 8bit), or --rollout-precision 4bit (or 8bit), or leave it out.',
      {
        details: {
          reason: 'activations-without-blocks',
          field: 'activationPrecision',
          value: activationPrecision,
          precision: sampled,
        },
      },
    );
  }
  if (lora) return;
  const refuse = (flag: string, field: string, value: string) => {
    throw new RollscopeError(
      'config',
      `${flag} ${value} needs a LoRA adapter: without one all weights are trained, in float32.`,
      `Train an adapter with --lora, or leave ${flag} out.`,
      { details: { reason: 'precision-without-adapter', field, value } },
    );
  };
  if (basePrecision !== 'float32') refuse('--base-precision', 'basePrecision', basePrecision);
  if (rolloutPrecision !== 'base') refuse('--rollout-precision', 'rolloutPrecision', rolloutPrecision);
}

/**
 * Throws RollscopeError `config` if the reward runs programs without permission, or lacks something that it needs or
 * must be told.
 */
export async function checkReward(config: RunConfig, allowPrograms: boolean): Promise<void> {
  const reward = rewardOf(config.reward, config.rewardOptions);
  const { parts, executes, evidence } = reward;
  if (executes && !allowPrograms) {
    const names = parts.flatMap((part) => (part.executes ? part.name : [])).join(', ');
    throw new RollscopeError(
      'config',
      `The reward ${names} runs programs on this machine, which is not allowed.`,
      'Allow it with --allow-programs if you trust the model, the data and the program; in the editor, trust the workspace.',
      { details: { reason: 'programs-not-allowed', reward: names } },
    );
  }
  reward.check();
  if (executes) await requireSandbox();
  graderOf(config.grading);
  await requirePrograms(evidence, config);
}

/** Looks whether verifiers can read every problem. Throws RollscopeError that names the row. */
export function checkProblems(config: RunConfig, problems: readonly Problem[]): void {
  const verifiers = rewardOf(config.reward, config.rewardOptions)
    .parts.filter((part) => part.columns && !part.evidence)
    .map((part) => rewardOf(part.name, config.rewardOptions));
  const nothing = {
    rollouts: [],
    answers: [],
    clusters: [],
    correct: [],
    vocabulary: null,
    evidence: {},
    grader: graderOf(),
  };
  for (const problem of problems) {
    try {
      for (const verifier of verifiers) verifier.score({ problem, ...nothing });
    } catch (error) {
      if (!(error instanceof RollscopeError)) throw error;
      throw new RollscopeError(error.code, `${placeOf(problem)}: ${error.message}`, error.hint, {
        details: error.details && { ...error.details, ...problemDetails(problem) },
      });
    }
  }
}
