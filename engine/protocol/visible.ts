/**
 * Text from a dataset, a model, a run or a program, before it is shown anywhere: characters that steer a terminal,
 * change the order in which text is read, or hide in it are escaped. Every surface goes through here. One pass, whatever the
 * text is. Pure.
 */
import { type Stamp, stampOf, TextWriter } from './text-writer.ts';

/** Characters other than ASCII's visible ones: most texts have none, and checking for them is much faster. */
const UNUSUAL = /[^\n\t\x20-\x7e]/;

/** Control characters but line feed and tab, what has no width or reorders (`Default_Ignorable_Code_Point`), other line ends, lone surrogates. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufff9-\ufffb]/u;
/** Letters between which joiners are meant: they join them or keep them apart. */
const LETTER =
  /(?!\p{P})[\p{scx=Arabic}\p{scx=Bengali}\p{scx=Devanagari}\p{scx=Gujarati}\p{scx=Gurmukhi}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Mongolian}\p{scx=Oriya}\p{scx=Sinhala}\p{scx=Syriac}\p{scx=Tamil}\p{scx=Telugu}]/u;
const PICTURE = /\p{Extended_Pictographic}/u;

const [IS_KNOWN, IS_HIDDEN, IS_LETTER, IS_PICTURE] = [1, 2, 4, 8];
/** There is a place for each code point below the first, and then for those from the second on: tags and selectors. */
const [BEYOND, TAGS, MANY_TAGS] = [0x20000, 0xe0000, 0x1000];
/** The kind of each character, by code point. */
const KINDS = new Uint8Array(BEYOND + MANY_TAGS);
/** Numbers of hidden characters, by code point, in order of first occurrence. */
const NUMBERS = new Uint16Array(KINDS.length);
let seen = 0;

function placeOf(point: number): number {
  if (point < BEYOND) return point;
  const tag = point - TAGS;
  return tag < 0 || tag >= MANY_TAGS ? -1 : BEYOND + tag;
}

function kindOf(point: number): number {
  const place = placeOf(point);
  return place < 0 ? IS_KNOWN : KINDS[place] || classify(point, place);
}

function classify(point: number, place: number): number {
  const character = String.fromCodePoint(point);
  const kind =
    IS_KNOWN |
    (HIDDEN.test(character) ? IS_HIDDEN : 0) |
    (LETTER.test(character) ? IS_LETTER : 0) |
    (PICTURE.test(character) ? IS_PICTURE : 0);
  KINDS[place] = kind;
  // breaks are written out where a text is one line
  if (kind & IS_HIDDEN || point === LINE_FEED || point === TAB) NUMBERS[place] = seen++;
  return kind;
}

const [TAB, LINE_FEED, RETURN, BACKSLASH] = [9, 10, 13, 92];
for (const point of [TAB, LINE_FEED]) kindOf(point);

const [NON_JOINER, JOINER, TEXT_STYLE, PICTURE_STYLE, KEYCAP] = [0x200c, 0x200d, 0xfe0e, 0xfe0f, 0x20e3];

/**
 * Whether a hidden character belongs to a visible one: in emoji, in keycaps, and between letters that join or do not
 * join.
 */
function isPartOfVisible(text: string, at: number, code: number): boolean {
  if (code === PICTURE_STYLE || code === TEXT_STYLE) {
    if (endsEmoji(text, at)) return true;
    return code === PICTURE_STYLE && text.charCodeAt(at + 1) === KEYCAP && /[0-9#*]/.test(text[at - 1] ?? '');
  }
  if (code !== JOINER && code !== NON_JOINER) return false;
  const next = at + 1 < text.length ? kindOf(text.codePointAt(at + 1)!) : 0;
  if (!(next & (IS_LETTER | IS_PICTURE))) return false;
  const before = codePointBefore(text, at);
  if (next & IS_LETTER && before >= 0 && kindOf(before) & IS_LETTER) return true;
  if (code !== JOINER || !(next & IS_PICTURE)) return false;
  return endsEmoji(text, before === PICTURE_STYLE || before === TEXT_STYLE ? at - 1 : at);
}

/** Whether a picture ends before a place, with its skin color. */
function endsEmoji(text: string, at: number): boolean {
  const before = codePointBefore(text, at);
  const isColor = before >= 0x1f3fb && before <= 0x1f3ff;
  const picture = isColor ? codePointBefore(text, at - 2) : before;
  return picture >= 0 && (kindOf(picture) & IS_PICTURE) !== 0;
}

/** The code point that ends before a place; -1 at the beginning. */
function codePointBefore(text: string, at: number): number {
  if (at <= 0) return -1;
  const low = text.charCodeAt(at - 1);
  const high = at > 1 && (low & 0xfc00) === 0xdc00 ? text.charCodeAt(at - 2) : 0;
  return (high & 0xfc00) === 0xd800 ? text.codePointAt(at - 2)! : low;
}

/** How hidden characters are escaped. */
interface EscapeStyle {
  /** Whether those that belong to a visible one stay. */
  keepsMeant: boolean;
  picture(point: number): string;
  /** Escapes of the characters so far, by number; there are a few thousand at most. */
  known: (Stamp | undefined)[];
  /** Line feeds and tabs too. */
  isLine?: boolean;
  /** ASCII characters that get a backslash. */
  marks?: Uint8Array;
}

function rewritten(text: string, writing: EscapeStyle): string {
  const { keepsMeant, isLine, marks } = writing;
  const out = new TextWriter(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x7f && code >= 0x20) {
      if (marks?.[code]) out.unit(BACKSLASH);
      out.unit(code);
      continue;
    }
    const isPair = (code & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    const point = isPair ? text.codePointAt(i)! : code;
    const isBreak = point === LINE_FEED || point === TAB;
    if (isBreak ? !isLine : !(kindOf(point) & IS_HIDDEN) || (keepsMeant && isPartOfVisible(text, i, code))) {
      out.unit(code);
      if (isPair) out.unit(text.charCodeAt(++i));
      continue;
    }
    if (isPair) i++;
    // The line feed that follows shows the break.
    if (keepsMeant && point === RETURN && text.charCodeAt(i + 1) === LINE_FEED) continue;
    out.stamp(knownPicture(point, writing));
  }
  return out.text();
}

function knownPicture(point: number, { known, picture }: EscapeStyle): Stamp {
  const number = NUMBERS[placeOf(point)]!;
  known[number] ??= stampOf(picture(point));
  return known[number];
}

function pictureOf(point: number): string {
  if (point < 0x20) return String.fromCodePoint(0x2400 + point);
  if (point === 0x7f) return '␡';
  return `[U+${point.toString(16).toUpperCase().padStart(4, '0')}]`;
}

const AS_TEXT: EscapeStyle = { keepsMeant: true, picture: pictureOf, known: [] };
const AS_LINE: EscapeStyle = { ...AS_TEXT, isLine: true };
const LINE_END = '↵';
const AS_CODE: EscapeStyle = {
  ...AS_LINE,
  picture: (point) => (point === TAB ? '\t' : point === LINE_FEED || point === RETURN ? LINE_END : pictureOf(point)),
  known: [],
};
/** Characters with a meaning in Markdown. */
const MARKS = new Uint8Array(128);
for (const mark of '\\`*_~[]()<>&|!#$:@.') MARKS[mark.charCodeAt(0)] = 1;
const AS_MARKDOWN: EscapeStyle = {
  ...AS_LINE,
  picture: (point) => pictureOf(point).replace(/[[\]]/g, '\\$&'),
  known: [],
  marks: MARKS,
};
const AS_JSON: EscapeStyle = { keepsMeant: false, picture: jsonOf, known: [] };

/**
 * The text with every such character escaped: `␛` for an escape, `[U+202E]` for one without a picture. Line feeds and
 * tabs stay. What is visible already does not change.
 */
export function visible(text: string): string {
  return UNUSUAL.test(text) ? rewritten(text, AS_TEXT) : text;
}

/** The same in one line: line feeds and tabs are escaped too. */
export function visibleLine(text: string): string {
  return /[^\x20-\x7e]/.test(text) ? rewritten(text, AS_LINE) : text;
}

/** The same in one line of code: tabs stay, each line end is one mark. */
export function visibleCode(text: string): string {
  return /[^\t\x20-\x7e]/.test(text) ? rewritten(text, AS_CODE) : text;
}

/** The same as text of Markdown, with a backslash before each of its marks. */
export function visibleMarkdown(text: string): string {
  return rewritten(text, AS_MARKDOWN);
}

/** JSON in which such characters are escaped: the same value, safe to print. */
export function visibleJson(value: unknown): string {
  // JSON.stringify leaves characters above U+001F as they are, and they occur only inside strings.
  const text = JSON.stringify(value);
  return UNUSUAL.test(text) ? rewritten(text, AS_JSON) : text;
}

function jsonOf(point: number): string {
  return Array.from(String.fromCodePoint(point))
    .flatMap((character) => character.split(''))
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
