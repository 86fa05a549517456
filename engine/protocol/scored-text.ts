/** Where token statistics come from, in words: views show it wherever they were not recorded by the trainer. Pure. */
import type { Rollout, ScoredBy } from './group.ts';

/** `computed with Qwen/Qwen3-0.6B at temperature 1`. */
export function scoredByText({ model, temperature }: ScoredBy): string {
  return `computed with ${model} at temperature ${temperature}`;
}

/** What was computed of a rollout's tokens, and by whom; '' where all that is known was recorded. */
export function computedText({ computed = [] }: Pick<Rollout, 'computed'>, scoredBy: ScoredBy | undefined): string {
  if (!scoredBy || computed.length === 0) return '';
  const whole = computed.includes('logprob') && computed.includes('entropy');
  return `${whole ? 'token statistics' : computed.filter((name) => name !== 'ids').join(', ')} ${scoredByText(scoredBy)}`;
}
