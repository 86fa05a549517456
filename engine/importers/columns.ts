/**
 * The columns of a rollout: trainers' names for them, and the names that the user gives (`--map prompt=question`).
 * Pure.
 */
import { RollscopeError } from '../protocol/errors.ts';

/** The possible columns of a rollout. */
export const ROLLOUT_COLUMNS = [
  'prompt',
  'response',
  'reward',
  'reference',
  'step',
  'id',
  'advantage',
  'rewards',
  'phase',
  'finish',
  'tokens',
  'logprobs',
  'entropies',
  'ids',
  'tokenTexts',
] as const;
export type RolloutColumn = (typeof ROLLOUT_COLUMNS)[number];

/** Names of each column in use, the likeliest first. */
export const COMMON_NAMES: Record<RolloutColumn, readonly string[]> = {
  prompt: ['prompt', 'input', 'question', 'problem', 'query', 'messages'],
  response: ['completion', 'response', 'output', 'generation', 'text'],
  reward: ['reward', 'score', 'total_reward'],
  reference: ['reference', 'ground_truth', 'gts', 'gt', 'solution', 'target', 'label', 'answer'],
  step: ['step', 'global_step', 'iteration', 'rollout_id'],
  id: ['problem_id', 'problemId', 'example_id', 'prompt_id', 'question_id', 'id'],
  advantage: ['advantage', 'adv'],
  rewards: ['rewards', 'metrics'],
  phase: ['phase', 'split', 'mode'],
  finish: ['finish_reason', 'stop_reason', 'status', 'finish'],
  tokens: ['response_length', 'completion_tokens', 'num_tokens', 'tokens'],
  logprobs: [
    'logprobs',
    'log_probs',
    'token_logprobs',
    'rollout_log_probs',
    'rollout_logprobs',
    'old_log_probs',
    'response_logprobs',
    'completion_logprobs',
    'logprob',
  ],
  entropies: ['entropies', 'token_entropies', 'rollout_entropies', 'entropy', 'entropys'],
  ids: ['response_ids', 'completion_ids', 'output_ids', 'response_token_ids', 'output_token_ids', 'token_ids'],
  tokenTexts: ['response_tokens', 'token_texts', 'completion_tokens', 'tokens'],
};

/** The user's names for the columns of a rollout. */
export type ColumnMap = Partial<Record<RolloutColumn, string>>;

/** Reads `prompt=question,response=text`. @throws RollscopeError `usage` */
export function parseColumnMap(text: string | undefined): ColumnMap {
  const map: ColumnMap = {};
  for (const pair of text?.split(',') ?? []) {
    const [column = '', ...rest] = pair.split('=');
    const name = rest.join('=').trim();
    if (!isColumn(column.trim()) || name === '') {
      throw new RollscopeError(
        'usage',
        `--map: '${pair}' does not have the form <field>=<column>.`,
        `Available fields: ${ROLLOUT_COLUMNS.join(', ')}. For example: --map prompt=question,response=text`,
        { details: { reason: 'bad-map', value: pair } },
      );
    }
    map[column.trim() as RolloutColumn] = name;
  }
  return map;
}

function isColumn(name: string): name is RolloutColumn {
  return ROLLOUT_COLUMNS.includes(name as RolloutColumn);
}
