/** Settings without an equivalent in TRL: an error names them before the run starts. Pure. `docs/trl.md` has the table. */
import { type Refusal, refusedSetting, refuseFirst } from '../config/refusals.ts';
import { isEmbedded } from '../protocol/embedded.ts';
import type { RunConfig } from '../protocol/index.ts';
import { SCALES } from './settings.ts';

/** What TRL cannot honor, in the order in which it is looked at. */
export const TRL_REFUSALS: readonly Refusal[] = [
  {
    path: 'model',
    refused: ({ model }) => isEmbedded(model),
    value: ({ model }) => model,
    why: "only Rollscope's own engine reads embedded models",
    hint: 'Choose a Hugging Face folder or a Hub id with --model.',
  },
  {
    path: 'votes',
    refused: ({ votes, group }) => votes !== group,
    value: ({ votes }) => votes,
    why: 'TRL trains on every rollout that it samples, so the two must be equal',
    hint: 'Give --votes and --group the same number.',
  },
  {
    path: 'group',
    refused: ({ group }) => group < 2,
    value: ({ group }) => group,
    why: 'TRL needs at least 2 rollouts per problem',
    hint: 'Raise --group and --votes.',
  },
  {
    path: 'steps',
    refused: ({ steps }) => steps === 0,
    value: ({ steps }) => steps,
    why: 'TRL trains for at least 1 step',
    hint: 'To measure without training, use rollscope probe.',
  },
  {
    path: 'sampling.stop',
    refused: ({ sampling }) => sampling.stop.length > 0,
    value: ({ sampling }) => sampling.stop.join(', '),
    why: 'TRL stops sampling only at the end-of-sequence token or the length limit',
    hint: 'Leave it out.',
  },
  {
    path: 'sampling.stopAtAnswer',
    refused: ({ sampling }) => sampling.stopAtAnswer,
    value: () => true,
    why: 'TRL stops sampling only at the end-of-sequence token or the length limit',
    hint: 'Leave it out.',
  },
  {
    path: 'loss.advantage',
    refused: ({ loss }) => SCALES[loss.advantage] === undefined,
    value: ({ loss }) => loss.advantage,
    why: `TRL's scale_rewards supports only ${Object.keys(SCALES).join(', ')}`,
    hint: 'Choose one of them.',
  },
  {
    path: 'loss.dualClip',
    refused: ({ loss }) => loss.dualClip !== undefined && loss.dualClip < 1 + loss.clipHigh,
    value: ({ loss }) => loss.dualClip,
    why: "TRL's delta bounds the ratio of every token, so it must not be below the upper clip bound",
    hint: 'Raise it to 1 + --clip-high or more.',
  },
  {
    path: 'loss.klEstimator',
    refused: ({ loss }) => loss.klCoefficient > 0 && loss.klEstimator !== 'k3',
    value: ({ loss }) => loss.klEstimator,
    why: 'TRL estimates the KL with k3',
    hint: 'Use k3.',
  },
  {
    path: 'loss.miniBatch',
    refused: ({ loss, batch }) => loss.miniBatch !== undefined && loss.miniBatch < batch,
    value: ({ loss }) => loss.miniBatch,
    why: 'with TRL, a step is one update on the whole batch',
    hint: 'Leave it out, or lower --batch.',
  },
  {
    path: 'loss.epochs',
    refused: ({ loss }) => loss.epochs > 1,
    value: ({ loss }) => loss.epochs,
    why: 'with TRL, a step is one update on the whole batch',
    hint: 'Use 1.',
  },
  {
    path: 'watch',
    refused: ({ watch }) => watch === 'rollback',
    value: ({ watch }) => watch,
    why: "TRL's weights cannot be rolled back during training",
    hint: 'Use warn or stop; a stopped run can be started again from an earlier checkpoint.',
  },
  {
    path: 'device',
    refused: ({ device }) => device !== 'auto' && device !== 'cpu',
    value: ({ device }) => device,
    why: 'TRL computes with PyTorch, which chooses its devices itself',
    hint: 'Use auto or cpu, or choose devices with --accelerate-config.',
  },
  {
    path: 'basePrecision',
    refused: ({ basePrecision }) => basePrecision !== 'float32',
    value: ({ basePrecision }) => basePrecision,
    why: 'TRL loads the model in the precision of its files',
    hint: 'Leave it out.',
  },
  {
    path: 'rolloutPrecision',
    refused: ({ rolloutPrecision }) => rolloutPrecision !== 'base',
    value: ({ rolloutPrecision }) => rolloutPrecision,
    why: 'TRL samples with weights of its own',
    hint: 'Leave it out.',
  },
  {
    path: 'cachePrecision',
    refused: ({ cachePrecision }) => cachePrecision !== 'float32',
    value: ({ cachePrecision }) => cachePrecision,
    why: 'TRL has caches of its own',
    hint: 'Leave it out.',
  },
  {
    path: 'activationPrecision',
    refused: ({ activationPrecision }) => activationPrecision !== 'float32',
    value: ({ activationPrecision }) => activationPrecision,
    why: 'TRL computes with PyTorch',
    hint: 'Leave it out.',
  },
  {
    path: 'memoryLimit',
    refused: ({ memoryLimit }) => memoryLimit !== null,
    value: ({ memoryLimit }) => memoryLimit,
    why: 'PyTorch has no such memory limit',
    hint: 'Leave it out.',
  },
];

/**
 * Refuses what TRL cannot honor.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseForTrl(config: RunConfig): void {
  refuseFirst(config, TRL_REFUSALS, ON_TRL);
}

/**
 * Refuses rollouts of a step that the processes cannot share equally; an accelerate configuration says itself how many there are.
 * @throws RollscopeError `config`
 */
export function refuseUnequal({ batch, group, engine }: RunConfig, problems: number): void {
  const { processes = 1, accelerateConfig } = engine ?? {};
  const rollouts = Math.min(batch, problems) * group;
  if (accelerateConfig !== undefined || rollouts % processes === 0) return;
  throw refusedSetting(
    'engine.processes',
    processes,
    `the ${rollouts} rollouts of a step cannot be divided equally among the processes`,
    'Choose --batch and --group so that their product is a multiple of it.',
    ON_TRL,
  );
}

const ON_TRL = { option: '--engine trl', reason: 'not-on-trl' };
