/** Settings that verl does not support: an error names them before anything is written. Pure. See `docs/beside.md`. */
import { commonRefusals, type OtherTrainer, precisionRefusals, type Refusal, refuseFirst } from '../config/refusals.ts';
import { isTemplateText, NO_TEMPLATE, OWN_TEMPLATE } from '../protocol/chat-choice.ts';
import { isEmbedded } from '../protocol/embedded.ts';
import type { RunConfig } from '../protocol/index.ts';
import { machinesOf, refuseUneven } from './machines.ts';
import { batchSize, ESTIMATORS, type JobData } from './verl-settings.ts';
import { WATCH_OF_JOB } from './watch-refusal.ts';

/** The option that selects the trainer, and the reason in the details of a refusal. */
export const FOR_VERL: OtherTrainer = { option: '--for verl', reason: 'not-on-verl' };
/** The same for a run submitted to a cluster. */
export const ON_VERL: OtherTrainer = { option: '--engine verl', reason: 'not-on-verl' };

/** Settings that verl does not support, in the order in which they are checked. */
export const VERL_REFUSALS: readonly Refusal[] = [
  {
    path: 'model',
    refused: ({ model }) => isEmbedded(model) || /\.gguf$/i.test(model),
    why: 'verl trains models in Hugging Face folders',
    hint: 'Choose a Hugging Face folder or a Hub id with --model.',
  },
  {
    path: 'chatTemplate',
    refused: ({ chatTemplate }) => ![OWN_TEMPLATE, NO_TEMPLATE].includes(chatTemplate) && !isTemplateText(chatTemplate),
    why: "verl takes the model's default template or a template text",
    hint: 'Write the template to a file and give its path.',
  },
  ...commonRefusals('verl'),
  {
    path: 'loss.advantage',
    refused: ({ loss }) => ESTIMATORS[loss.advantage] === undefined,
    why: `verl and Rollscope compute the same advantages only with ${Object.keys(ESTIMATORS).join(', ')}`,
    hint: 'Choose one of them.',
  },
  {
    path: 'loss.maskTruncated',
    refused: ({ loss }) => loss.maskTruncated,
    why: 'verl does not mask truncated responses',
    hint: 'Leave it out.',
  },
  {
    path: 'optimizer.schedule',
    refused: ({ optimizer }) => optimizer.schedule === 'linear',
    why: 'verl supports the schedules constant and cosine',
    hint: 'Choose one of them.',
  },
  {
    path: 'evaluation.greedy',
    refused: ({ evaluation }) => evaluation.greedy,
    value: () => 'off',
    why: 'verl validates either with sampling or greedily, not both',
    hint: 'For greedy validation, use --eval-temperature 0 and --eval-samples 1.',
  },
  {
    path: 'forecast',
    refused: ({ forecast }) => forecast > 0,
    why: 'verl does not probe the training problems',
    hint: 'Run rollscope probe first, or leave it out.',
  },
  WATCH_OF_JOB,
  {
    path: 'device',
    refused: ({ device }) => device !== 'auto',
    why: 'verl trains on the GPUs of the cluster',
    hint: 'Leave it out.',
  },
  {
    path: 'threads',
    refused: ({ threads }) => threads > 0,
    why: 'the cluster determines the number of threads',
    hint: 'Leave it out.',
  },
  ...precisionRefusals('verl'),
  {
    path: 'activationPrecision',
    refused: ({ activationPrecision }) => activationPrecision !== 'float32',
    why: 'verl determines the precision of sampling itself',
    hint: 'Leave it out.',
  },
  {
    path: 'memoryLimit',
    refused: ({ memoryLimit }) => memoryLimit !== null,
    why: 'verl has no such limit',
    hint: 'Leave it out.',
  },
  {
    path: 'engine.kind',
    refused: ({ engine }) => engine?.kind === 'trl',
    why: 'the job is for verl',
    hint: 'Leave it out.',
  },
  {
    path: 'engine.processes',
    refused: ({ engine }) => engine?.kind === 'verl' && engine.processes > 1,
    why: 'verl starts a process for each GPU',
    hint: 'Use --nodes and --gpus.',
  },
  {
    path: 'engine.accelerateConfig',
    refused: ({ engine }) => engine?.kind === 'verl' && engine.accelerateConfig !== undefined,
    why: 'verl does not use accelerate',
    hint: 'Use --nodes, --gpus and --override.',
  },
];

/**
 * Refuses settings that verl does not support with these problems on these machines.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseForVerl(config: RunConfig, data: JobData, where: OtherTrainer): void {
  refuseFirst(config, VERL_REFUSALS, where);
  refuseUneven(batchSize(config, data), config, machinesOf(config), where);
}
