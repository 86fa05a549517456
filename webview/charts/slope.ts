/** The answers of a problem at A and at B: a line from the share of each answer to its share later. */
import { css, type TemplateResult } from 'lit';
import type { ClusterCount } from '../../engine/protocol/group.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { oneLine } from '../../engine/protocol/texts.ts';
import { svg } from '../html.ts';

/** Maximum number of answers that are drawn: those with the largest share at either end. */
const MAX_ANSWERS = 6;
/** Height of a label, width of a letter, and distance of the label from its line, in CSS pixels. */
const LABEL_HEIGHT = 12;
const LETTER_WIDTH = 6.6;
const LABEL_DISTANCE = 6;
/** Width of a letter of the names of the ends. */
const END_LETTER_WIDTH = 5.6;
/** Most and least space for the labels of a side, of the width. */
const [MAX_LABEL_SHARE, MIN_LABEL_SHARE] = [0.38, 0.16];
const EDGE = 8;
/** Room for the names of the ends. */
const END_NAMES_HEIGHT = 14;

/** A problem's group at one of the two steps. */
export interface SlopeEnd {
  clusters: readonly ClusterCount[];
  rollouts: number;
  unanswered: number;
}

export interface SlopeLine {
  /** As written at B, otherwise as at A; null for no answer. */
  answer: string | null;
  correct: boolean | null;
  /** Shares of the rollouts at A and at B. */
  from: number;
  to: number;
}

export const slopeStyles = css`
  .slope-line {
    fill: none;
    stroke: var(--muted);
    stroke-width: 1.6;
  }
  .slope-line.unknown {
    stroke: var(--accent);
  }
  .slope-line.correct {
    stroke: var(--correct);
    stroke-width: 2.2;
  }
  .slope-line.wrong {
    stroke: var(--wrong);
    stroke-dasharray: 5 2;
  }
  .slope-line.none {
    stroke-dasharray: 1 3;
  }
  .slope-end {
    stroke: none;
    fill: var(--vscode-foreground);
  }
  svg text.slope-label {
    fill: var(--vscode-foreground);
    font-size: 11px;
  }
`;

/** The lines, those first that lead to the largest share. Right answers are one line, however they are written. */
export function slopeLines(a: SlopeEnd, b: SlopeEnd): SlopeLine[] {
  const lines = new Map<string, SlopeLine>();
  const add = (end: SlopeEnd, side: 'from' | 'to') => {
    const count = (key: string, line: Pick<SlopeLine, 'answer' | 'correct'>, of: number) => {
      const known = lines.get(key) ?? { ...line, from: 0, to: 0 };
      lines.set(key, { ...known, ...line, [side]: known[side] + of / Math.max(1, end.rollouts) });
    };
    for (const { answer, count: of, correct } of end.clusters)
      count(correct === true ? 'correct' : `answer ${answer}`, { answer, correct }, of);
    if (end.unanswered > 0) count('none', { answer: null, correct: null }, end.unanswered);
  };
  add(a, 'from');
  add(b, 'to');
  const size = ({ from, to }: SlopeLine) => Math.max(from, to);
  const largest = [...lines.values()].sort((x, y) => size(y) - size(x)).slice(0, MAX_ANSWERS);
  return largest.sort((x, y) => y.to - x.to || y.from - x.from);
}

/** Positions of labels that do not overlap, in the same order and as near as possible to where they belong. */
export function spreadLabels(wanted: readonly number[], low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!);
  const places = [...wanted];
  let free = low;
  for (const i of order) {
    places[i] = Math.max(places[i]!, free);
    free = places[i]! + LABEL_HEIGHT;
  }
  // Move up again if the last labels are below the edge.
  let end = high;
  for (const i of [...order].reverse()) {
    places[i] = Math.min(places[i]!, end);
    end = places[i]! - LABEL_HEIGHT;
  }
  return places;
}

/**
 * The lines between two axes, with answers and shares at both ends.
 * @param ends what is at A and at B, written below the axes
 * @param width of the picture, and its height: CSS pixels
 */
export function slopeChart(
  lines: readonly SlopeLine[],
  ends: readonly [a: string, b: string],
  width: number,
  height: number,
): TemplateResult {
  const bottom = height - EDGE - END_NAMES_HEIGHT;
  const y = (share: number) => bottom - share * (bottom - EDGE);
  // Besides the answer there are its mark and its share.
  const letters = Math.max(3, Math.floor((width * MAX_LABEL_SHARE - LABEL_DISTANCE) / LETTER_WIDTH) - 7);
  const text = ({ answer, correct }: SlopeLine, share: number) =>
    `${correct === null ? '' : correct ? '✓ ' : '✗ '}${answer === null ? 'none' : oneLine(answer, letters)} ${quantityText('share', share)}`;
  const kind = ({ answer, correct }: SlopeLine) =>
    answer === null ? 'none' : correct === null ? 'unknown' : correct ? 'correct' : 'wrong';
  // Correct answers are drawn on top.
  const drawn = [...lines].sort((a, b) => Number(a.correct === true) - Number(b.correct === true));
  const shown = (side: 'from' | 'to') => lines.filter((line) => line[side] > 0);
  const room = (side: 'from' | 'to') => {
    const longest = Math.max(0, ...shown(side).map((line) => text(line, line[side]).length));
    return Math.max(
      width * MIN_LABEL_SHARE,
      Math.min(width * MAX_LABEL_SHARE, longest * LETTER_WIDTH + LABEL_DISTANCE + 4),
    );
  };
  const [left, right] = [room('from'), width - room('to')];
  const labels = (side: 'from' | 'to') => {
    const those = shown(side);
    const places = spreadLabels(
      those.map((line) => y(line[side])),
      EDGE,
      bottom,
    );
    const [x, anchor] = side === 'from' ? [left - LABEL_DISTANCE, 'end'] : [right + LABEL_DISTANCE, 'start'];
    return those.map(
      (line, i) =>
        svg`<text class="slope-label" x=${x} y=${places[i]! + 4} text-anchor=${anchor}>${text(line, line[side])}</text>`,
    );
  };
  const [a, b] = ends;
  // A long name, of another run, takes the room that the other one leaves.
  const most = Math.floor(width / END_LETTER_WIDTH);
  return svg`
    <text class="slope-name a" x="0" y=${height - 3}>${oneLine(a, Math.max(12, most - b.length - 3))}</text>
    <text class="slope-name b" x=${width} y=${height - 3} text-anchor="end">${oneLine(b, Math.max(12, most - 12))}</text>
    <line class="axis" x1=${left} x2=${left} y1=${EDGE} y2=${bottom}></line>
    <line class="axis" x1=${right} x2=${right} y1=${EDGE} y2=${bottom}></line>
    ${drawn.map((line) => svg`<line class="slope-line ${kind(line)}" x1=${left} x2=${right} y1=${y(line.from)} y2=${y(line.to)}></line>`)}
    ${labels('from')} ${labels('to')}
  `;
}

/** The same in words, for who does not see it. */
export function slopeText(lines: readonly SlopeLine[]): string {
  return lines
    .map(
      ({ answer, from, to }) =>
        `${answer ?? 'no answer'} ${quantityText('share', from)} to ${quantityText('share', to)}`,
    )
    .join(', ');
}
