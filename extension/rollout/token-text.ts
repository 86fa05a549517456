/** The hover of a token. Pure. */
import { DASH, integer } from '../../engine/protocol/format.ts';
import type { Rollout } from '../../engine/protocol/index.ts';
import { code } from '../../engine/protocol/markdown.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { type ForkPoint, forkText } from '../../engine/runs/fork-point.ts';

/** What a token is part of, for its hover. */
export interface TokenPlace {
  /** The rule that found the answer, where the token is part of it. */
  answer?: string;
  /** Where the rollout parts from a sibling, at the first token that differs. */
  fork?: ForkPoint;
}

/** Markdown about a token, by its index in the rollout. */
export function tokenHover(
  { tokenTexts, ids, tokens, statistics }: Rollout,
  index: number,
  { answer, fork }: TokenPlace = {},
): string {
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
  const found = answer === undefined ? [] : [`Answer, found by ${code(answer)}`];
  return [token, table.join('\n'), ...found, ...(fork ? [forkTable(fork)] : [])].join('\n\n');
}

/** The tokens that were drawn at the fork point, the likeliest first. */
function forkTable(fork: ForkPoint): string {
  const rows = fork.drawn.map(({ text, probability, rollouts, isOwn, isSibling }) => {
    const whose = isOwn ? ' (this one)' : isSibling ? ` (rollout ${fork.sibling + 1})` : '';
    const drawn = text === null ? 'end of the response' : code(text);
    return `| ${drawn}${whose} | ${quantityText('tokenProbability', probability)} | ${integer(rollouts)} |`;
  });
  const top =
    fork.undrawnTop === null
      ? []
      : [`| most likely, never sampled | ${quantityText('tokenProbability', fork.undrawnTop)} | |`];
  return [
    forkText(fork),
    '',
    `| ${fork.unit} | probability | rollouts |`,
    '| :--- | ---: | ---: |',
    ...top,
    ...rows,
  ].join('\n');
}
