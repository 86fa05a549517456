/** Settings that a TRL job does not support: an error names them before anything is written. Pure. See `docs/trl.md`. */
import { type Refusal, refuseFirst } from '../config/refusals.ts';
import { isTemplateText, NO_TEMPLATE, OWN_TEMPLATE } from '../protocol/chat-choice.ts';
import type { RunConfig } from '../protocol/index.ts';
import { TRL_REFUSALS } from '../trl/refusals.ts';
import { type Machines, refuseUneven } from './machines.ts';
import { WATCH_OF_JOB } from './watch-refusal.ts';

/** The option that selects the trainer, and the reason in the details of a refusal. */
export const FOR_TRL = { option: '--for trl', reason: 'not-in-trl-job' } as const;

/** The default evaluation of a TRL job: none. */
export const WITHOUT_EVALUATION = { evaluation: { samples: 0, greedy: false } } as const;

/** In the order in which they are checked. */
export const TRL_JOB_REFUSALS: readonly Refusal[] = [
  {
    path: 'model',
    refused: ({ model }) => /\.gguf$/i.test(model),
    why: 'TRL trains models in Hugging Face folders',
    hint: 'Choose a Hugging Face folder or a Hub id with --model.',
  },
  {
    path: 'chatTemplate',
    refused: ({ chatTemplate }) => ![OWN_TEMPLATE, NO_TEMPLATE].includes(chatTemplate) && !isTemplateText(chatTemplate),
    why: "the job takes the model's default template or a template text",
    hint: 'Write the template to a file and give its path.',
  },
  {
    path: 'evaluation.samples',
    refused: ({ evaluation }) => evaluation.samples > 0,
    why: 'the job trains and does not evaluate',
    hint: 'Leave it out, and evaluate its checkpoints with rollscope probe.',
  },
  {
    path: 'evaluation.greedy',
    refused: ({ evaluation }) => evaluation.greedy,
    value: () => 'off',
    why: 'the job trains and does not evaluate',
    hint: 'Leave it out, and evaluate its checkpoints with rollscope probe.',
  },
  {
    path: 'evaluation.dataset',
    refused: ({ evaluation }) => Boolean(evaluation.dataset),
    value: ({ evaluation }) => evaluation.dataset?.path,
    why: 'the job trains and does not evaluate',
    hint: 'Leave it out, and evaluate its checkpoints with rollscope probe.',
  },
  {
    path: 'forecast',
    refused: ({ forecast }) => forecast > 0,
    why: 'the job does not probe the problems',
    hint: 'Run rollscope probe first, or leave it out.',
  },
  WATCH_OF_JOB,
  {
    path: 'device',
    refused: ({ device }) => device !== 'auto',
    why: 'accelerate chooses the devices where the job runs',
    hint: 'Leave it out.',
  },
  {
    path: 'threads',
    refused: ({ threads }) => threads > 0,
    why: 'the machine that runs the job determines the number of threads',
    hint: 'Leave it out, or set OMP_NUM_THREADS there.',
  },
  {
    path: 'engine.kind',
    // The section also contains the number of machines, which is allowed.
    refused: ({ engine }) => engine !== undefined && engine.kind !== 'rollscope',
    why: 'the job is started where it runs',
    hint: 'Leave it out.',
  },
  ...TRL_REFUSALS,
];

/**
 * Refuses settings that the job does not support with this number of problems on these machines.
 * @throws RollscopeError `config` that names the setting, its value and the reason
 */
export function refuseForTrlJob(config: RunConfig, machines: Machines, problems: number): void {
  refuseFirst(config, TRL_JOB_REFUSALS, FOR_TRL);
  refuseUneven(Math.min(config.batch, problems), config, machines, FOR_TRL);
}
