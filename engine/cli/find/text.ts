/** Search results as text: counts per step of each phase, and the first matches. */
import { DASH, integer, percent, plural } from '../../protocol/format.ts';
import { PHASES, type Phase } from '../../protocol/group-id.ts';
import type { Problem } from '../../protocol/problem.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { sparkline } from '../../protocol/sparkline.ts';
import { oneLine, verdictText } from '../../protocol/texts.ts';
import type { Excerpt, FindHit, FindResult, StepHits } from '../../runs/find-query.ts';
import { table } from '../table.ts';

const CURVE = 40;

/** The number of matches, then the first of them; rollouts are counted from 1. */
export function findText(found: FindResult, problems: readonly Problem[]): string {
  const { total, rollouts, groups, hits, steps } = found;
  const among = total > 0 ? `, in ${plural(groups, 'group')} of ${plural(found.problems, 'problem')}` : '';
  const parts = [`${integer(total)} of ${plural(rollouts, 'rollout')} found${among}.`];
  if (total > 0) parts.push(hitsByStep(steps), hitTable(hits, problems));
  if (total > hits.length) parts.push(`${integer(total - hits.length)} more: --limit lists more of them.`);
  return [...parts, ...notSearchedTexts(found)].join('\n\n');
}

/** A line per phase: the share of matching rollouts over its steps, and where it peaks. */
function hitsByStep(steps: readonly StepHits[]): string {
  const rows = PHASES.flatMap((phase) => {
    const some = steps.filter((step) => step.phase === phase);
    const last = some.at(-1);
    return last ? [phaseRow(phase, some)] : [];
  });
  return table(['phase', 'steps', 'share found', 'first', 'highest', 'last'], rows);
}

function phaseRow(phase: Phase, some: readonly StepHits[]): string[] {
  const shares = some.map(shareOf);
  const high = Math.max(...shares);
  const first = some[0]!;
  const last = some.at(-1)!;
  const highest = some[shares.indexOf(high)]!;
  return [
    phase,
    first.step === last.step ? String(first.step) : `${first.step} to ${last.step}`,
    sparkline(shares, CURVE, { low: 0, high: Math.max(high, Number.EPSILON) }),
    countText(first),
    `${countText(highest)} (step ${highest.step})`,
    countText(last),
  ];
}

const shareOf = ({ hits, rollouts }: StepHits) => (rollouts === 0 ? 0 : hits / rollouts);
const countText = (step: StepHits) => `${step.hits}/${step.rollouts}`;

function hitTable(hits: readonly FindHit[], problems: readonly Problem[]): string {
  const rows = hits.map((hit) => [
    problems[hit.problem]?.id ?? String(hit.problem),
    hit.phase,
    String(hit.step),
    String(hit.rollout + 1),
    oneLine(hit.answer ?? DASH, 16),
    verdictText(hit.correct),
    quantityText('reward', hit.reward),
    excerptText(hit.excerpt),
  ]);
  return table(['problem', 'phase', 'step', 'rollout', 'answer', 'verdict', 'reward', 'response'], rows, [2, 3, 6]);
}

/** The match in its context: `… so the 【answer】 is …`. */
function excerptText({ before, match, after, cutBefore, cutAfter }: Excerpt): string {
  const flat = (text: string) => text.replace(/\s+/g, ' ');
  const marked = match === '' ? '' : `【${flat(match)}】`;
  const tail = oneLine(flat(after), match === '' ? 60 : 30);
  return `${cutBefore ? '…' : ''}${flat(before)}${marked}${after.startsWith(' ') && match ? ' ' : ''}${tail}${cutAfter && !tail.endsWith('…') ? '…' : ''}`;
}

function notSearchedTexts({ notStored, unreadable, fault, givenUp, rollouts }: FindResult): string[] {
  return [
    ...(notStored > 0 ? [`Not searched: ${plural(notStored, 'group')} whose rollouts were not stored.`] : []),
    ...(unreadable > 0 ? [`Not searched: ${plural(unreadable, 'group')} that cannot be read: ${fault}`] : []),
    ...(givenUp > 0
      ? [
          `The pattern takes too long on ${plural(givenUp, 'response')} (${percent(givenUp / Math.max(1, rollouts))}): they count as not found.`,
        ]
      : []),
  ];
}
