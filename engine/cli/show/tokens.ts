/** A range of a rollout's tokens, with their statistics. */
import { DASH } from '../../protocol/format.ts';
import type { Rollout } from '../../protocol/group.ts';
import { quantityText, withUnit } from '../../protocol/quantities.ts';
import { table } from '../table.ts';

/** @param first, last token numbers, from 1; nonexistent ones are skipped */
export function tokenTable({ tokenTexts, statistics }: Rollout, [first, last]: readonly [number, number]): string {
  if (!tokenTexts) return 'The tokens of this rollout were not recorded.';
  const rows = tokenTexts.slice(first - 1, last).map((text, i) => {
    const at = first - 1 + i;
    const logprob = statistics.logprob?.[at];
    return [
      String(at + 1),
      JSON.stringify(text),
      quantityText('tokenProbability', logprob === undefined ? null : Math.exp(logprob)),
      withUnit('entropy', statistics.entropy?.[at] ?? null),
    ];
  });
  return rows.length > 0
    ? table(['token', 'text', 'probability', 'entropy'], rows, [0, 2])
    : `tokens ${first} to ${last}: ${DASH}`;
}
