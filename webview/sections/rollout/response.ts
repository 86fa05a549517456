/** The tokens of a response: shaded, and with answer, fork point, matches of a search and selected token marked. */
import { css, unsafeCSS } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { plural } from '../../../engine/protocol/format.ts';
import type { Rollout, RolloutStatistics } from '../../../engine/protocol/group.ts';
import { quantityText } from '../../../engine/protocol/quantities.ts';
import { SHADES, shadeColor } from '../../../engine/protocol/shades.ts';
import { visible } from '../../../engine/protocol/visible.ts';
import { type TextRange, tokenAt, tokenStarts } from '../../../engine/runs/response-parts.ts';
import { hasRisen, type TokenShades } from '../../../engine/runs/token-shades.ts';
import { html } from '../../html.ts';

/**
 * By how many percent of its color each shade of a risen value gets stronger; text on the strongest shade is still
 * readable.
 */
export const RISEN_STEP = 6;

export const responseStyles = css`
  .tokens {
    font-family: var(--vscode-editor-font-family);
    font-size: var(--vscode-editor-font-size);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    margin: 6px 0;
    line-height: 1.6;
  }
  .tokens .lines {
    display: block;
    contain: layout style;
  }
  .tokens .answer {
    --line: var(--vscode-charts-orange, var(--highlight));
    box-shadow:
      0 1px 0 var(--line),
      0 -1px 0 var(--line);
  }
  .tokens .answer.first {
    border-left: 1px solid var(--line);
  }
  .tokens .answer.last {
    border-right: 1px solid var(--line);
  }
  .tokens .fork {
    border-radius: 1px;
    box-shadow: -2px 0 0 var(--vscode-focusBorder);
  }
  .tokens .hit {
    background: var(--vscode-editor-findMatchHighlightBackground, var(--highlight));
    outline: 1px solid var(--vscode-editor-findMatchHighlightBorder, transparent);
  }
  .tokens .now {
    outline: 2px solid var(--vscode-focusBorder);
    outline-offset: 0;
  }
  .tokens .thought {
    margin: 2px 0;
    padding: 0 6px;
    border: 1px dashed var(--rule);
    background: none;
    color: var(--muted-text, var(--muted));
    font: inherit;
    font-size: 0.9em;
    cursor: pointer;
  }
  ${shades()}
`;

/** Number of tokens that are drawn together; blocks far from the visible part are one text each. */
const BLOCK = 256;

/** A response for reading. If its tokens are unknown, its words take their place. */
export interface ResponseReading {
  texts: readonly string[];
  /** Where each token begins in the response; at the end, the length of the response. */
  starts: Int32Array;
  /** Whether the texts are tokens. */
  isTokens: boolean;
}

/** A rollout as it is read: its tokens, or its words. */
export function readingOf({ tokenTexts, text }: Pick<Rollout, 'tokenTexts' | 'text'>): ResponseReading {
  const texts = tokenTexts ?? text.match(/\s*\S+|\s+$/g) ?? [];
  return { texts, starts: tokenStarts(texts), isTokens: tokenTexts !== null };
}

export interface ResponsePart extends TextRange {
  /** Tokens from `start` to before `end`: drawn together, or a thought that can be folded. */
  kind: 'block' | 'thought';
  isFolded: boolean;
  /** Whether it begins and ends at a line break, so that the browser can lay it out independently. */
  isLines: boolean;
}

/** The response as blocks of tokens, and its thoughts, in order. `start` and `end` are token indices. */
export function partsOf(
  { starts, texts }: ResponseReading,
  thoughts: readonly TextRange[],
  isFolded: (thought: number) => boolean,
): ResponsePart[] {
  const parts: ResponsePart[] = [];
  let isLineStart = true;
  const blocks = (from: number, to: number) => {
    for (let start = from; start < to; ) {
      const end = endOfBlock(texts, start, to);
      const endsLine = texts[end - 1]!.endsWith('\n') || end === to;
      parts.push({ kind: 'block', isFolded: false, start, end, isLines: isLineStart && endsLine });
      isLineStart = endsLine;
      start = end;
    }
  };
  const count = starts.length - 1;
  let from = 0;
  thoughts.forEach((thought, i) => {
    const start = Math.max(from, tokenAt(starts, thought.start));
    const end = Math.min(count, tokenAt(starts, Math.max(0, thought.end - 1)) + 1);
    if (end <= start) return;
    blocks(from, start);
    parts.push({ kind: 'thought', isFolded: isFolded(i), start, end, isLines: false });
    isLineStart = false;
    if (!isFolded(i)) blocks(start, end);
    from = end;
  });
  blocks(from, count);
  return parts;
}

/** Where a block ends that begins with a token: after the next line break, if there is one soon. */
function endOfBlock(texts: readonly string[], start: number, to: number): number {
  const least = start + BLOCK / 2;
  for (let end = least; end <= Math.min(to, start + 2 * BLOCK); end++) {
    if (texts[end - 1]?.endsWith('\n')) return end;
  }
  return Math.min(to, start + BLOCK);
}

/** The marks in a response, as token indices (`end` exclusive). */
export interface ResponseMarks {
  answer: TextRange | null;
  /** Where it diverges from its sibling; null if it does not. */
  fork: number | null;
  hits: readonly TextRange[];
  /** The chosen token. */
  now: number | null;
}

export interface ResponseView {
  reading: ResponseReading;
  parts: readonly ResponsePart[];
  /** First tokens of the blocks that are drawn token by token. */
  live: ReadonlySet<number>;
  shaded: TokenShades | null;
  statistics: RolloutStatistics;
  /** Log-probabilities at A; null if they are not shown. */
  before: Float32Array | null;
  marks: ResponseMarks;
  fold(thought: number): void;
}

/** The template of the tokens: blocks far from the visible part as one text each, folded thoughts as a button. */
export function response(view: ResponseView) {
  const { reading, parts, live, fold } = view;
  const { texts } = reading;
  let thought = -1;
  return html`<div class="tokens" @pointerover=${(event: Event) => explain(event, view)}>${parts.map((part) => {
    const { start, end } = part;
    if (part.kind === 'thought') {
      thought++;
      const place = thought;
      const title = `thinking, ${plural(end - start, reading.isTokens ? 'token' : 'word')}`;
      return html`<button class="thought" data-thought=${place} aria-expanded=${!part.isFolded} @click=${() => fold(place)}>${part.isFolded ? '▸' : '▾'} ${title}</button>`;
    }
    const content = live.has(start) ? tokensIn(view, part) : guard([texts, start, end], () => textOf(texts, part));
    return html`<span class="block ${part.isLines ? 'lines' : ''}" data-block=${start}>${content}</span>`;
  })}</div>`;
}

/** The facts of a token in its tooltip, once the pointer is on it: there are thousands of tokens. */
function explain({ target }: Event, { reading, statistics, before }: ResponseView): void {
  const pointed = target as Pointed | null;
  const token = pointed?.dataset?.token;
  if (reading.isTokens && token !== undefined) pointed!.title = visible(tokenLine(statistics, Number(token), before));
}

/** The part of a pointer event that matters here. */
interface Pointed {
  dataset?: { token?: string };
  title: string;
}

function textOf(texts: readonly string[], { start, end }: TextRange): string {
  return visible(texts.slice(start, end).join(''));
}

/** The tokens of a block one by one, rendered again only if something about them has changed. */
function tokensIn(view: ResponseView, { start, end }: TextRange) {
  const { reading, shaded, marks } = view;
  const isNear = (range: TextRange | null) => range !== null && range.end > start && range.start < end;
  const isHere = (t: number | null) => t !== null && t >= start && t < end;
  const near: ResponseMarks = {
    answer: isNear(marks.answer) ? marks.answer : null,
    fork: isHere(marks.fork) ? marks.fork : null,
    hits: marks.hits.filter(isNear),
    now: isHere(marks.now) ? marks.now : null,
  };
  const shownMarks = [near.answer?.start, near.answer?.end, near.fork, near.now, ...near.hits];
  return guard([reading, start, end, shaded, ...shownMarks], () =>
    Array.from({ length: end - start }, (_, i) => token({ ...view, marks: near }, start + i)),
  );
}

function token({ reading, shaded, marks }: ResponseView, t: number) {
  const text = reading.texts[t]!;
  const shade = shaded?.shades[t] ?? 0;
  const isUp = shade > 0 && shaded !== null && hasRisen(shaded, t);
  const classes = [
    `${isUp ? 'u' : 's'}${shade}`,
    isIn(marks.answer, t) && 'answer',
    marks.answer?.start === t && 'first',
    marks.answer?.end === t + 1 && 'last',
    marks.fork === t && 'fork',
    marks.hits.some((hit) => isIn(hit, t)) && 'hit',
    marks.now === t && 'now',
  ].filter(Boolean);
  return html`<span class=${classes.join(' ')} data-token=${t}>${text}</span>`;
}

function isIn(range: TextRange | null, t: number): boolean {
  return range !== null && t >= range.start && t < range.end;
}

/** The facts about a token, in one line. */
export function tokenLine(
  { logprob, entropy, top1, top2 }: RolloutStatistics,
  t: number,
  before: Float32Array | null,
): string {
  const past = before && !Number.isNaN(before[t]!) ? Math.exp(before[t]!) : null;
  return [
    `probability ${quantityText('tokenProbability', logprob && Math.exp(logprob[t]!))}`,
    ...(past === null ? [] : [`at A ${quantityText('tokenProbability', past)}`]),
    `entropy ${quantityText('entropy', entropy?.[t])} nats`,
    `top-1 ${quantityText('tokenProbability', top1?.[t])}, top-2 ${quantityText('tokenProbability', top2?.[t])}`,
  ].join(' · ');
}

/** Tokens that overlap a range of characters. */
export function tokensOf({ starts }: ResponseReading, { start, end }: TextRange): TextRange {
  return { start: tokenAt(starts, start), end: tokenAt(starts, Math.max(start, end - 1)) + 1 };
}

/** The same backgrounds as in the editor; tokens that became more probable are blue. */
function shades() {
  const rules = Array.from({ length: SHADES - 1 }, (_, i) => {
    const shade = i + 1;
    return `.s${shade} { background: var(--vscode-${shadeColor(shade).replace('.', '-')}); }
      .u${shade} { background: color-mix(in srgb, var(--vscode-charts-blue) ${shade * RISEN_STEP}%, transparent); }`;
  });
  return unsafeCSS(rules.join('\n'));
}
