/** The hover of a token. Pure. */
import { DASH } from '../../engine/protocol/format.ts';
import type { Rollout } from '../../engine/protocol/index.ts';
import { code } from '../../engine/protocol/markdown.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';

/** Markdown about a token, by its index in the rollout. */
export function tokenText({ tokenTexts, ids, tokens, statistics }: Rollout, index: number): string {
  const at = (values: Float32Array | null) => values?.[index] ?? null;
  const logprob = at(statistics.logprob);
  const probability = logprob === null ? null : Math.exp(logprob);
  const largest = at(statistics.top1);
  // Both are float32 values of the same distribution.
  const isTop1 = probability !== null && largest !== null && probability >= largest - 1e-4;
  const table = [
    '| | |',
    '| :--- | ---: |',
    `| Probability | ${quantityText('tokenProbability', probability)}${isTop1 ? ' (top-1)' : ''} |`,
    `| Entropy | ${quantityText('entropy', at(statistics.entropy))} nats |`,
    `| Top-1 probability | ${quantityText('tokenProbability', largest)} |`,
    `| Top-2 probability | ${quantityText('tokenProbability', at(statistics.top2))} |`,
  ];
  const token = `${code(tokenTexts![index]!)} · token ${index + 1} of ${tokens} · id ${ids?.[index] ?? DASH}`;
  return [token, table.join('\n')].join('\n\n');
}
