/**
 * Majority voting. A rollout without an answer neither votes nor earns. Tie: the cluster that reached its size first, by
 * rollout index. Clusters vote, not strings, so that the answers that elect are those that earn.
 */
import { voteOf } from '../protocol/vote.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

/** The vote of a group; null when no rollout has an answer. */
export function majorityOf({ answers, clusters }: Pick<Group, 'answers' | 'clusters'>): ReturnType<typeof voteOf> {
  return voteOf(answers, clusters);
}

function compute(group: Group): Scores {
  const { answers, clusters } = group;
  const majority = majorityOf(group);
  const winners = new Set(majority?.members);
  const rewards = answers.map((_, i) => (winners.has(i) ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const result: Part = { kind: 'result', reward: rewards[index]!, text: `reward ${rewards[index]}` };
      const found = clusters.findIndex(({ members }) => members.includes(index));
      if (found < 0 || !majority) {
        return [{ kind: 'no-answer', text: 'no answer extracted: excluded from the vote, reward 0' }, result];
      }
      const { members } = clusters[found]!;
      const spellings = [...new Set(members.map((i) => answers[i]!))];
      const won = found === 0;
      const share = members.length / answers.length;
      return [
        {
          kind: 'cluster',
          cluster: found,
          answers: spellings,
          votes: members.length,
          of: answers.length,
          share,
          text: `answer ${answers[index]} joined cluster {${shown(spellings)}} with ${members.length} of ${answers.length} votes`,
        },
        { kind: 'vote', winner: majority.answer, won, tied: majority.tied, text: verdict(won, members.length) },
        result,
      ];
    },
  };

  function verdict(won: boolean, votes: number): string {
    if (won) return majority!.tied ? 'tied for the largest, and first to reach its size' : 'the largest';
    if (votes === majority!.members.length) return `tied with ${majority!.answer}, which reached its size first`;
    return `the largest is ${majority!.answer} with ${majority!.members.length}`;
  }
}

/** Spellings of a cluster, the first eight. */
function shown(spellings: readonly string[]): string {
  const rest = spellings.length - 8;
  return spellings.slice(0, 8).join(', ') + (rest > 0 ? `, and ${rest} more` : '');
}

export const majorityVote = labelFree({
  name: 'majority-vote',
  title: 'Majority voting',
  summary: '1 if most rollouts give this answer, else 0. Needs the rollouts only.',
  scale: 'correctness',
  family: 'ensemble',
  formula: '1 if the answer is in the largest cluster of equivalent answers, else 0; no answer gives 0',
  tokens: 'none: answers only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'TTRL, arXiv 2504.16084',
  compute,
});
