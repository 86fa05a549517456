/** Probability disparity: over the tokens whose text overlaps the extracted answer. */
import { shortNumber } from '../protocol/format.ts';
import { answerTokens } from './answer-tokens.ts';
import { CERTAINTY, sum, terms, tokensPart } from './token-terms.ts';
import { labelFree, type Part } from './types.ts';

export const probabilityDisparity = labelFree({
  ...CERTAINTY,
  name: 'probability-disparity',
  title: 'Probability disparity',
  summary: "Margin of the most likely token over the second, mean over the answer's tokens. Needs only the rollouts.",
  scale: 'degree',
  formula: "mean over the answer's tokens of the largest minus the second largest probability; no answer gives 0",
  tokens: 'those of the extracted answer',
  normalization: "mean over the answer's tokens",
  range: [0, 1],
  source: 'RLSF, arXiv 2507.21931',
  compute: ({ rollouts, answers, grader }) => {
    const spans = rollouts.map((rollout, i) => (answers[i] === null ? null : answerTokens(rollout, grader)));
    const values = rollouts.map((r, i) => {
      const span = spans[i];
      return span ? terms(r, (t) => r.top1[t]! - r.top2[t]!).slice(span.start, span.end) : null;
    });
    const rewards = values.map((of) => (of === null || of.length === 0 ? 0 : sum(of) / of.length));
    return {
      rewards,
      explain: (index) => {
        const of = values[index];
        const reward = rewards[index]!;
        const result: Part = { kind: 'result', reward, text: `reward ${shortNumber(reward)}` };
        if (!of || of.length === 0) return [{ kind: 'no-answer', text: 'no answer extracted: reward 0' }, result];
        const tokens = of.length === 1 ? "the answer's token" : `the answer's ${of.length} tokens`;
        return [
          tokensPart(
            rollouts[index]!,
            of,
            `mean lead of the most likely token over the second, for ${tokens}`,
            spans[index]!.start,
          ),
          result,
        ];
      },
    };
  },
});
