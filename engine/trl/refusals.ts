/** Settings that TRL does not support: an error names them before the run starts. Pure. See `docs/trl.md`. */
import { commonRefusals, precisionRefusals, type Refusal, refusedSetting, refuseFirst } from '../config/refusals.ts';
import { isEmbedded } from '../protocol/embedded.ts';
import type { RunConfig } from '../protocol/index.ts';
import { SCALES } from './settings.ts';

/** Settings that TRL does not support, in the order in which they are checked. */
export const TRL_REFUSALS: readonly Refusal[] = [
  {
    path: 'model',
    refused: ({ model }) => isEmbedded(model),
    why: "only Rollscope's own engine reads embedded models",
    hint: 'Choose a Hugging Face folder or a Hub id with --model.',
  },
  ...commonRefusals('TRL'),
  {
    path: 'loss.advantage',
    refused: ({ loss }) => SCALES[loss.advantage] === undefined,
    why: `TRL's scale_rewards supports only ${Object.keys(SCALES).join(', ')}`,
    hint: 'Choose one of them.',
  },
  {
    path: 'loss.dualClip',
    refused: ({ loss }) => loss.dualClip !== undefined && loss.dualClip < 1 + loss.clipHigh,
    why: "TRL's delta bounds the ratio of every token, so it must not be below the upper clip bound",
    hint: 'Raise it to 1 + --clip-high or more.',
  },
  {
    path: 'loss.klEstimator',
    refused: ({ loss }) => loss.klCoefficient > 0 && loss.klEstimator !== 'k3',
    why: 'TRL estimates the KL with k3',
    hint: 'Use k3.',
  },
  {
    path: 'loss.miniBatch',
    refused: ({ loss, batch }) => loss.miniBatch !== undefined && loss.miniBatch < batch,
    why: 'with TRL, a step is one update on the whole batch',
    hint: 'Leave it out, or lower --batch.',
  },
  {
    path: 'loss.epochs',
    refused: ({ loss }) => loss.epochs > 1,
    why: 'with TRL, a step is one update on the whole batch',
    hint: 'Use 1.',
  },
  {
    path: 'watch',
    refused: ({ watch }) => watch === 'rollback',
    why: "TRL's weights cannot be rolled back during training",
    hint: 'Use warn or stop; a stopped run can be started again from an earlier checkpoint.',
  },
  {
    path: 'device',
    refused: ({ device }) => device !== 'auto' && device !== 'cpu',
    why: 'TRL computes with PyTorch, which chooses its devices itself',
    hint: 'Use auto or cpu, or choose devices with --accelerate-config.',
  },
  ...precisionRefusals('TRL'),
  {
    path: 'activationPrecision',
    refused: ({ activationPrecision }) => activationPrecision !== 'float32',
    why: 'TRL computes with PyTorch',
    hint: 'Leave it out.',
  },
  {
    path: 'memoryLimit',
    refused: ({ memoryLimit }) => memoryLimit !== null,
    why: 'PyTorch has no such memory limit',
    hint: 'Leave it out.',
  },
];

/**
 * Refuses settings that TRL does not support.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseForTrl(config: RunConfig): void {
  refuseFirst(config, TRL_REFUSALS, ON_TRL);
}

/**
 * Refuses batches that cannot be divided equally among the processes; an accelerate configuration sets their number itself.
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
    'Choose --batch and --group so that their product is a multiple of the number of processes.',
    ON_TRL,
  );
}

const ON_TRL = { option: '--engine trl', reason: 'not-on-trl' };
