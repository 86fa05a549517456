/** Groups equivalent answers, the way votes are counted. */
import type { Cluster } from '../protocol/records.ts';
import type { Rule } from './compare.ts';
import { equivalent, matches } from './equivalence.ts';
import { exactValue } from './evaluate.ts';
import { isScalar } from './node.ts';
import { type Understood, understand } from './understand.ts';

const BETWEEN_ANSWERS: Rule = { percent: 'never' };

interface Group {
  answer: string;
  members: number[];
  understood: Understood;
  /** Set when the answer is a plain exact number: two such with different values are never equal. */
  exact: string | null;
}

/**
 * Clusters of equivalent answers, the largest first; of equally large ones, the first to reach its size goes first (by
 * rollout index: 1, 2, 2, 1 is won by 2).
 * Missing answers (null) are in no cluster. Every answer is compared with the first member of each cluster, and joins
 * the first that it equals; equal spellings and plain numbers are looked up instead, so the usual group costs N lookups.
 */
export function clusterAnswers(answers: readonly (string | null)[], referenceAnswer?: string | null): Cluster[] {
  const groups: Group[] = [];
  const bySpelling = new Map<string, Group>();
  const byKey = new Map<string, Group>();
  const byValue = new Map<string, Group>();
  answers.forEach((raw, index) => {
    const answer = raw?.trim();
    if (!answer) return;
    let group = bySpelling.get(answer);
    if (!group) {
      const understood = understand(answer);
      const exact = plainValue(understood);
      group =
        byKey.get(understood.key) ??
        (exact !== null ? byValue.get(exact) : undefined) ??
        groups.find((g) => (exact === null || g.exact === null) && matches(understood, g.understood, BETWEEN_ANSWERS));
      if (!group) {
        group = { answer, members: [], understood, exact };
        groups.push(group);
      }
      bySpelling.set(answer, group);
      if (!byKey.has(understood.key)) byKey.set(understood.key, group);
      if (exact !== null && group.exact === exact) byValue.set(exact, group);
    }
    group.members.push(index);
  });
  groups.sort((a, b) => b.members.length - a.members.length || a.members.at(-1)! - b.members.at(-1)!);
  const reference = referenceAnswer?.trim() ? referenceAnswer : null;
  return groups.map(({ answer, members }) => ({
    answer,
    members,
    correct: reference === null ? null : equivalent(answer, reference),
  }));
}

/** The value of an answer that is one exact number without unit, percent sign or many decimals. */
function plainValue({ readings, unit }: Understood): string | null {
  const [node, ...others] = readings;
  if (!node || others.length > 0 || unit !== null || !isScalar(node)) return null;
  if (node.kind === 'percent' || node.kind === 'degrees') return null;
  if (node.kind === 'number' && node.places >= 6) return null;
  const value = exactValue(node);
  return value && `${value.n}/${value.d}`;
}
