/**
 * Majority voting. A rollout without an answer is excluded from the vote and gets reward 0. Tie: the cluster that reached its size first, by
 * rollout index. Clusters vote, not strings, so that the answers that elect are those that earn.
 */
import { plural } from '../protocol/format.ts';
import { type Vote, voteOf } from '../protocol/vote.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

function compute(group: Group): Scores {
  const { answers, clusters } = group;
  const vote = voteOf(answers, clusters);
  const winners = new Set(vote?.members);
  const rewards = answers.map((_, i) => (winners.has(i) ? 1 : 0));
  // Rollouts of one cluster share its parts: a group may have many.
  const parts: ((answer: string) => Part[])[] = [];
  return {
    rewards,
    explain: (index) => {
      const cluster = clusters.findIndex(({ members }) => members.includes(index));
      if (cluster < 0) return UNANSWERED;
      parts[cluster] ??= clusterParts(group, cluster, vote!);
      return parts[cluster](answers[index]!);
    },
  };
}

const UNANSWERED: Part[] = [
  { kind: 'no-answer', text: 'no answer extracted: excluded from the vote, reward 0' },
  { kind: 'result', reward: 0, text: 'reward 0' },
];

/** The parts of a cluster's rollouts, by how each wrote its answer. */
function clusterParts({ answers, clusters }: Group, cluster: number, vote: Vote): (answer: string) => Part[] {
  const { members } = clusters[cluster]!;
  const won = cluster === 0;
  const reward = won ? 1 : 0;
  const spellings = [...new Set(members.map((i) => answers[i]!))];
  const share = members.length / answers.length;
  const known = new Map<string, Part[]>();
  return (answer) => {
    let parts = known.get(answer);
    if (!parts) {
      const text = `answer ${answer} joined cluster {${spellingsText(spellings)}} with ${members.length} of ${plural(answers.length, 'vote')}`;
      parts = [
        { kind: 'cluster', cluster, answers: spellings, votes: members.length, of: answers.length, share, text },
        { kind: 'vote', winner: vote.answer, won, tied: vote.tied, text: outcomeText(vote, won, members.length) },
        { kind: 'result', reward, text: `reward ${reward}` },
      ];
      known.set(answer, parts);
    }
    return parts;
  };
}

function outcomeText({ answer, tied, members }: Vote, won: boolean, votes: number): string {
  if (won) return tied ? 'tied for the largest, and first to reach its size' : 'the largest';
  if (votes === members.length) return `tied with ${answer}, which reached its size first`;
  return `the largest is ${answer} with ${members.length}`;
}

/** Spellings of a cluster, the first eight. */
function spellingsText(spellings: readonly string[]): string {
  const rest = spellings.length - 8;
  return spellings.slice(0, 8).join(', ') + (rest > 0 ? `, and ${rest} more` : '');
}

export const majorityVote = labelFree({
  name: 'majority-vote',
  title: 'Majority voting',
  summary: '1 if this is the most frequent answer, else 0. Needs only the rollouts.',
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
