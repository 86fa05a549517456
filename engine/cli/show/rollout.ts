/** One rollout: its text, its reward and the explanation of the reward. */
import { RollscopeError } from '../../protocol/errors.ts';
import { DASH } from '../../protocol/format.ts';
import type { Rollout, RolloutFacts, ScoredBy } from '../../protocol/group.ts';
import { valueText } from '../../protocol/named-values.ts';
import { quantityText, withUnit } from '../../protocol/quantities.ts';
import { referenceText } from '../../protocol/reference.ts';
import { computedText } from '../../protocol/scored-text.ts';
import { verdictText } from '../../protocol/texts.ts';
import type { Output } from '../output.ts';
import { table } from '../table.ts';
import { type ShownGroup, whereFrom } from './group.ts';
import { tokenTable } from './tokens.ts';

/** @param count the rollout's number, from 1 @param tokens numbers of the first and the last token to list */
export function showRollout(
  output: Output,
  group: ShownGroup,
  count: number,
  tokens?: readonly [number, number] | null,
): void {
  const { problem, view, detail } = group;
  const rollout = detail.rollouts[count - 1];
  const why = group.why[count - 1] || DASH;
  if (!rollout) {
    throw new RollscopeError(
      'usage',
      `--rollout: ${count} is not allowed; allowed: a whole number from 1 to ${detail.rollouts.length}.`,
      undefined,
      { details: { reason: 'bad-value', field: '--rollout', value: count, most: detail.rollouts.length } },
    );
  }
  output.print(`${problem.id}, rollout ${count} of ${detail.rollouts.length}  (${whereFrom(group)})`);
  output.print(`\n${problem.text}\n\n${'-'.repeat(40)}\n${rollout.text}\n${'-'.repeat(40)}\n`);
  const probability = rollout.logprob === null ? null : Math.exp(rollout.logprob);
  output.print(
    table(
      ['answer', rollout.answer ?? DASH],
      [
        ['reference', `${referenceText(problem) ?? DASH} (${verdictText(rollout.correct)})`],
        ['reward', quantityText('reward', rollout.reward)],
        ...Object.entries(rollout.rewards).map(([name, value]) => [`reward ${name}`, quantityText('reward', value)]),
        ['advantage', `${quantityText('advantage', rollout.advantage)}${group.file.config ? effectOf(rollout) : ''}`],
        ['why', why],
        ['tokens', `${rollout.tokens ?? DASH}${rollout.finish === 'length' ? ' (truncated at the length limit)' : ''}`],
        ['confidence', `${quantityText('tokenProbability', probability)} (geometric mean of token probabilities)`],
        ['entropy', withUnit('entropy', rollout.entropy)],
        ...statisticsRow(rollout, detail.scoredBy),
        ...Object.entries(rollout.foreign).map(([name, value]) => [name, valueText(value)]),
      ],
    ),
  );
  const { ids: _, tokenTexts, statistics, ...facts } = rollout;
  if (tokens) output.print(`\n${tokenTable(rollout, tokens)}`);
  const listed = (values: Float32Array | null) => values && [...values];
  output.result({
    problem,
    step: view.step,
    phase: view.phase,
    rollout: count,
    ...facts,
    tokenTexts,
    tokenLogprobs: listed(statistics.logprob),
    tokenEntropies: listed(statistics.entropy),
    explanation: why,
    scoredBy: detail.scoredBy ?? null,
  });
}

/** The source of token statistics that the trainer did not record. */
function statisticsRow(rollout: Rollout, scoredBy: ScoredBy | undefined): string[][] {
  const text = computedText(rollout, scoredBy);
  return text === '' ? [] : [['statistics', text]];
}

/** Whether the rollout contributed to the update. */
function effectOf({ reward, advantage }: RolloutFacts): string {
  if (reward === null) return '';
  if (advantage === null) return ' (not in the training subset)';
  return advantage === 0 ? ' (no gradient)' : '';
}
