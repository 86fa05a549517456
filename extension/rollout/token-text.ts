/** The hover of a token. Pure. */
import { code, DASH, number, percent } from '../../engine/protocol/format.ts';
import type { Rollout } from '../../engine/protocol/index.ts';

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
    `| Probability | ${percentOf(probability)}${isTop1 ? ' (top-1)' : ''} |`,
    `| Entropy | ${number(at(statistics.entropy))} nats |`,
    `| Top-1 probability | ${percentOf(largest)} |`,
    `| Top-2 probability | ${percentOf(at(statistics.top2))} |`,
  ];
  const token = `${code(tokenTexts![index]!)} · token ${index + 1} of ${tokens} · id ${ids?.[index] ?? DASH}`;
  return [token, table.join('\n')].join('\n\n');
}

/** Small probabilities keep their size: `0.02%`. */
function percentOf(probability: number | null): string {
  return probability !== null && probability < 0.1 ? `${number(probability * 100, 2)}%` : percent(probability);
}
