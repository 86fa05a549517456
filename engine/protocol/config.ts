/**
 * The configuration of a run, as the command line, the editor and `run.json` all write it: schemas and types of what
 * `settings/` describes. Defaults are the paper's (arXiv 2603.08660, section 3) unless a comment there says otherwise.
 */
import * as z from 'zod';
import { RollscopeError } from './errors.ts';
import { DATASET, FIELD_MAP } from './settings/dataset.ts';
import { GRADING } from './settings/grading.ts';
import { type InputsOf, namesOf, type ValuesOf } from './settings/kit.ts';
import { LORA } from './settings/lora.ts';
import { LOSS } from './settings/loss.ts';
import { OPTIMIZER } from './settings/optimizer.ts';
import { RUN } from './settings/run.ts';
import { SAMPLING } from './settings/sampling.ts';
import { schemaOf } from './settings/schema.ts';

/** Bumped when a run folder of this version could not be read by an older Rollscope. */
export const RUN_FORMAT = 3;

export const Grading = schemaOf(GRADING);

export const FieldMap = schemaOf(FIELD_MAP);
export type FieldMap = ValuesOf<typeof FIELD_MAP.fields>;

export const DatasetConfig = schemaOf(DATASET);
export type DatasetConfig = ValuesOf<typeof DATASET.fields>;

export const SamplingConfig = schemaOf(SAMPLING);
export type SamplingConfig = ValuesOf<typeof SAMPLING.fields>;

export const LossConfig = schemaOf(LOSS);
export type LossConfig = ValuesOf<typeof LOSS.fields>;

export const OptimizerConfig = schemaOf(OPTIMIZER);
export type OptimizerConfig = ValuesOf<typeof OPTIMIZER.fields>;

export const LoraConfig = schemaOf(LORA);
export type LoraConfig = ValuesOf<typeof LORA.fields>;

export const ADVANTAGES = namesOf(LOSS.fields.advantage);

/** Options of rewards, by reward; `engine/reward` knows their names, types and defaults. */
export type RewardOptionsInput = Record<string, Record<string, unknown>>;
const rewardOptions = z.record(z.string(), z.record(z.string(), z.unknown())).default({});

export type RunConfig = ValuesOf<typeof RUN.fields> & { rewardOptions: RewardOptionsInput };
/** What a user writes: everything but the dataset is optional. */
export type RunConfigInput = InputsOf<typeof RUN.fields> & { rewardOptions?: RewardOptionsInput };

/**
 * Strict, for what a person or another program writes. Options of rewards are not checked here but in `engine/config`.
 */
export const RunConfig = schemaOf(RUN, { unknown: 'refuse' }, { rewardOptions }) as z.ZodType<
  RunConfig,
  RunConfigInput
>;
/** Tolerant: for what an older or newer version stored. Unknown keys are dropped. */
export const StoredRunConfig = schemaOf(RUN, { unknown: 'drop' }, { rewardOptions }) as z.ZodType<
  RunConfig,
  RunConfigInput
>;

/** Whether TRL trains the run. */
export function isOnTrl(config: Pick<RunConfig, 'engine' | 'job'> | null): boolean {
  return config?.engine?.kind === 'trl' && config.job === 'train';
}

/** Whether verl trains the run, on a Ray cluster. */
export function isOnVerl(config: Pick<RunConfig, 'engine' | 'job'> | null): boolean {
  return config?.engine?.kind === 'verl' && config.job === 'train';
}

/**
 * Throws RollscopeError `config` if more rollouts would train than vote.
 * @param nameOf the user's name for a setting, where it was given
 * @param remedy a more specific hint for that place
 */
export function checkVotes(
  { votes, group }: Pick<RunConfig, 'votes' | 'group'>,
  nameOf: (setting: 'votes' | 'group') => string = (setting) => `--${setting}`,
  remedy?: string,
): void {
  if (group <= votes) return;
  throw new RollscopeError(
    'config',
    `${nameOf('group')} ${group} must not exceed ${nameOf('votes')} ${votes}: the rollouts used for training are a subset of those that vote.`,
    remedy ?? `Raise ${nameOf('votes')} or lower ${nameOf('group')}.`,
    {
      details: {
        ...{ reason: 'group-exceeds-votes', settings: ['group', 'votes'] },
        ...{ field: nameOf('group'), value: group, most: votes },
      },
    },
  );
}
