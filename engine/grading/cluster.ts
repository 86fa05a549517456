/** Groups equivalent answers, the way votes are counted. */
import type { Cluster } from '../protocol/group.ts';
import type { Rule } from './compare.ts';
import { COMPARISON_STEPS, equivalent, matches } from './equivalence.ts';
import { exactValue } from './evaluate.ts';
import { withStepLimit } from './meter.ts';
import { isScalar } from './node.ts';
import { type Understood, understand } from './understand.ts';

const BETWEEN_ANSWERS: Rule = { percent: 'never' };

/**
 * When two answers are equal: `equivalence`, as mathematics; `text`, if their normalized spellings match; by custom keys
 * (`keyOf`), which apply to references too; or by external judgments (such as the model's own) on two indices into the
 * answers: a function, or a matrix whose entry [i][j] says whether answer i equals answer j.
 */
export type Equality =
  | 'equivalence'
  | 'text'
  | { readonly keyOf: (answer: string) => string }
  | ((i: number, j: number) => boolean)
  | readonly (readonly boolean[] | Uint8Array)[];

interface Group {
  answer: string;
  members: number[];
}

/** The group of a spelling not seen before: an existing one that it equals, or a new one (`begin`). */
type FindGroup = (answer: string, index: number, begin: () => Group) => Group;

/**
 * Clusters of equivalent answers, the largest first; ties go to the cluster that reaches its size first (by rollout index:
 * in 1, 2, 2, 1, answer 2 wins). Missing answers (null) are in no cluster; members are indices, ascending.
 *
 * Every answer is compared with the first member of each cluster and joins the first cluster that it equals; the same
 * spelling always joins the same cluster. So a custom equality is called only on the first rollout of each spelling and the
 * first members of clusters, later index first: at most d(d-1)/2 times for d spellings. With `equivalence`, plain numbers
 * and equal keys are looked up, so a typical group costs N lookups.
 *
 * `correct` is whether the cluster's first member is equivalent to the reference, or to any of several; custom keys compare
 * references by key.
 */
export function clusterAnswers(
  answers: readonly (string | null)[],
  reference?: string | readonly string[] | null,
  equality: Equality = 'equivalence',
): Cluster[] {
  const groups: Group[] = [];
  const bySpelling = new Map<string, Group>();
  const place = groupFinder(equality, groups);
  answers.forEach((raw, index) => {
    const answer = raw?.trim();
    if (!answer) return;
    const begin = () => {
      const group: Group = { answer, members: [] };
      groups.push(group);
      return group;
    };
    const group = bySpelling.get(answer) ?? place(answer, index, begin);
    bySpelling.set(answer, group);
    group.members.push(index);
  });
  groups.sort((a, b) => b.members.length - a.members.length || a.members.at(-1)! - b.members.at(-1)!);
  const references = [reference ?? []].flat().filter((item) => item.trim() !== '');
  const equals = isKeyed(equality)
    ? (a: string, b: string) => equality.keyOf(a) === equality.keyOf(b)
    : (a: string, b: string) => equivalent(a, b);
  return groups.map(({ answer, members }) => ({
    answer,
    members,
    correct: references.length === 0 ? null : references.some((item) => equals(answer, item)),
  }));
}

function groupFinder(equality: Equality, groups: readonly Group[]): FindGroup {
  if (equality === 'equivalence') return findByEquivalence(groups);
  if (equality === 'text') return findByKey((answer) => keyOf(answer, understand(answer)));
  if (isKeyed(equality)) return findByKey(equality.keyOf);
  const equal = typeof equality === 'function' ? equality : (i: number, j: number) => Boolean(equality[i]?.[j]);
  return (_, index, begin) => groups.find(({ members }) => equal(index, members[0]!)) ?? begin();
}

function isKeyed(equality: Equality): equality is { readonly keyOf: (answer: string) => string } {
  return typeof equality === 'object' && 'keyOf' in equality;
}

function findByKey(keyOfAnswer: (answer: string) => string): FindGroup {
  const byKey = new Map<string, Group>();
  return (answer, _, begin) => {
    const key = keyOfAnswer(answer);
    const group = byKey.get(key) ?? begin();
    byKey.set(key, group);
    return group;
  };
}

function findByEquivalence(groups: readonly Group[]): FindGroup {
  /** The parsed first member of each group. */
  const firsts = new Map<Group, { understood: Understood; exact: string | null }>();
  const byKey = new Map<string, Group>();
  const byValue = new Map<string, Group>();
  return (answer, _, begin) => {
    const understood = understand(answer);
    const key = keyOf(answer, understood);
    // two plain exact numbers with different values are never equal
    const exact = exactNumber(understood);
    const equal = (group: Group) => {
      const first = firsts.get(group)!;
      return (exact === null || first.exact === null) && matches(understood, first.understood, BETWEEN_ANSWERS);
    };
    const alike = () =>
      withStepLimit<Group | undefined>(
        COMPARISON_STEPS,
        () => groups.find(equal),
        () => undefined,
      );
    const group = byKey.get(key) ?? (exact !== null ? byValue.get(exact) : undefined) ?? alike() ?? begin();
    if (!firsts.has(group)) firsts.set(group, { understood, exact });
    if (!byKey.has(key)) byKey.set(key, group);
    if (exact !== null && firsts.get(group)!.exact === exact) byValue.set(exact, group);
    return group;
  };
}

/** The key of an answer; the answer itself if normalization leaves nothing. */
function keyOf(answer: string, { key }: Understood): string {
  return key || answer;
}

/** The value of an answer that is one exact number without a unit, percent sign or many decimals; null for others. */
function exactNumber({ readings, unit }: Understood): string | null {
  const [node, ...others] = readings;
  if (!node || others.length > 0 || unit !== null || !isScalar(node)) return null;
  if (node.kind === 'percent' || node.kind === 'degrees') return null;
  if (node.kind === 'number' && node.places >= 6) return null;
  const value = withStepLimit(
    COMPARISON_STEPS,
    () => exactValue(node),
    () => null,
  );
  return value && `${value.n}/${value.d}`;
}
