/** The answer that is likeliest after each step of a response. */
import { type Grader, graderOf } from '../../grading/index.ts';
import type { PolicyRollout } from '../../protocol/index.ts';
import { type RewardOptions, rewardOptionsOf } from '../../reward/index.ts';
import type { Gatherer } from './gatherer.ts';
import { TAIL } from './judgment.ts';

/** Room for the cue and an answer; behind a prefix that leaves less, answers that do not fit are not compared. */
const CANDIDATE_TOKENS = 64;

export const covo: Gatherer<'covo'> = {
  async gather(groups, { config, compute }) {
    const options = rewardOptionsOf(config).covo;
    const items = groups.flatMap(({ problem, rollouts, answers, clusters, grader }, g) =>
      rollouts.flatMap((rollout, i) =>
        answers[i] === null
          ? []
          : prefixes(rollout, options, grader).map((prefix) => ({
              group: g,
              rollout: i,
              item: { problem: problem.index, prefix, candidates: clusters.map(({ answer }) => answer) },
            })),
      ),
    );
    const scores = await compute.scoreCandidates({
      items: items.map(({ item }) => item),
      cue: options.cue,
      activity: 'scoring-answers',
    });
    const likeliest = groups.map(({ rollouts }) => rollouts.map((): number[] => []));
    items.forEach(({ group, rollout }, k) => {
      const of = scores[k]!;
      const best = Math.max(...of);
      // Behind a prefix that leaves no answer room in the context nothing is likeliest: it does not count.
      if (best > Number.NEGATIVE_INFINITY) likeliest[group]![rollout]!.push(of.indexOf(best));
    });
    return likeliest.map((of) => ({ likeliest: of }));
  },
  questionTokens: () => CANDIDATE_TOKENS,
  require: null,
};

/** Marks before a final answer, which are not part of the reasoning. */
const MARKS = /\s*(?:(?:####|\\boxed\s*\{|(?:the\s+)?(?:final\s+)?answer\s+is(?:\s*:)?)[\s$({]*)+$/i;

/** The tokens of a response up to the end of each of its steps, at most `steps` of them, evenly spread. */
export function prefixes(
  { text, tokenTexts, tokens }: Pick<PolicyRollout, 'text' | 'tokenTexts' | 'tokens'>,
  { separator, steps }: RewardOptions['covo'],
  grader: Grader = graderOf(),
): Int32Array[] {
  const place = grader.locate(text);
  const before = text.slice(0, place?.start ?? text.length);
  const reasoning = before.slice(0, -TAIL) + before.slice(-TAIL).replace(MARKS, '');
  const ends: number[] = [];
  for (const match of reasoning.matchAll(new RegExp(separator, 'g'))) {
    const end = match.index + match[0].length;
    if (match[0].length > 0 && reasoning.slice(ends.at(-1) ?? 0, end).trim() !== '') ends.push(end);
  }
  if (reasoning.slice(ends.at(-1) ?? 0).trim() !== '' || ends.length === 0) ends.push(reasoning.length);
  const kept =
    ends.length <= steps
      ? ends
      : Array.from({ length: steps }, (_, k) => ends[Math.ceil(((k + 1) * ends.length) / steps) - 1]!);
  return kept.map((end) => {
    let count = 0;
    for (let at = 0; count < tokenTexts.length; count++) {
      const next = at + tokenTexts[count]!.length;
      // A token that ends in blanks behind the step belongs to it.
      if (next > end && (at >= end || text.slice(end, next).trim() !== '')) break;
      at = next;
    }
    return tokens.slice(0, count);
  });
}
