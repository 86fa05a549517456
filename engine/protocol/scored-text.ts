/** The origin of token statistics, in words: views show it wherever the trainer did not record them. Pure. */
import type { Rollout, ScoredBy } from './group.ts';

/** `computed with Qwen/Qwen3-0.6B at temperature 1`. */
export function scoredByText({ model, temperature }: ScoredBy): string {
  return `computed with ${model} at temperature ${temperature}`;
}

/** What was computed about a rollout's tokens, and by which model; '' if the trainer recorded everything. */
export function computedText({ computed = [] }: Pick<Rollout, 'computed'>, scoredBy: ScoredBy | undefined): string {
  if (!scoredBy || computed.length === 0) return '';
  const whole = computed.includes('logprob') && computed.includes('entropy');
  return `${whole ? 'token statistics' : computed.filter((name) => name !== 'ids').join(', ')} ${scoredByText(scoredBy)}`;
}
