/**
 * Text from a dataset, a model, a run or a program, before it is shown anywhere: characters that steer a terminal,
 * change the order in which text is read, or hide in it are escaped. Every surface goes through here. One pass, whatever the
 * text is. Pure.
 */

/** Beyond ASCII's visible characters: most texts have none of these, and looking for them is much quicker. */
const UNUSUAL = /[^\n\t\x20-\x7e]/;

/** Control characters but line feed and tab, what has no width or reorders (`Default_Ignorable_Code_Point`), other line ends, lone surrogates. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufff9-\ufffb]/u;
/** Letters between which joiners are meant: they join them or keep them apart. */
const LETTER =
  /(?!\p{P})[\p{scx=Arabic}\p{scx=Bengali}\p{scx=Devanagari}\p{scx=Gujarati}\p{scx=Gurmukhi}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Mongolian}\p{scx=Oriya}\p{scx=Sinhala}\p{scx=Syriac}\p{scx=Tamil}\p{scx=Telugu}]/u;
const PICTURE = /\p{Extended_Pictographic}/u;

const [IS_KNOWN, IS_HIDDEN, IS_LETTER, IS_PICTURE] = [1, 2, 4, 8];
/** `KINDS` has the code points below the first, and then those from the second on: tags and selectors. */
const [BEYOND, TAGS, MANY_TAGS] = [0x20000, 0xe0000, 0x1000];
/** What is known of characters, by code point. */
const KINDS = new Uint8Array(BEYOND + MANY_TAGS);

function kindOf(point: number): number {
  if (point < BEYOND) return KINDS[point] || learn(point, point);
  const tag = point - TAGS;
  return tag < 0 || tag >= MANY_TAGS ? IS_KNOWN : KINDS[BEYOND + tag] || learn(point, BEYOND + tag);
}

function learn(point: number, place: number): number {
  const character = String.fromCodePoint(point);
  const kind =
    IS_KNOWN |
    (HIDDEN.test(character) ? IS_HIDDEN : 0) |
    (LETTER.test(character) ? IS_LETTER : 0) |
    (PICTURE.test(character) ? IS_PICTURE : 0);
  KINDS[place] = kind;
  return kind;
}

const [NON_JOINER, JOINER, TEXT_STYLE, PICTURE_STYLE, KEYCAP] = [0x200c, 0x200d, 0xfe0e, 0xfe0f, 0x20e3];

/** Whether a hidden character belongs to a visible one: in emoji, in keycaps, between letters that join or stand apart. */
function isMeant(text: string, at: number, code: number): boolean {
  if (code === PICTURE_STYLE || code === TEXT_STYLE) {
    if (endsPicture(text, at)) return true;
    return code === PICTURE_STYLE && text.charCodeAt(at + 1) === KEYCAP && /[0-9#*]/.test(text[at - 1] ?? '');
  }
  if (code !== JOINER && code !== NON_JOINER) return false;
  const next = at + 1 < text.length ? kindOf(text.codePointAt(at + 1)!) : 0;
  const before = pointBefore(text, at);
  if (next & IS_LETTER && before >= 0 && kindOf(before) & IS_LETTER) return true;
  if (code !== JOINER || !(next & IS_PICTURE)) return false;
  return endsPicture(text, before === PICTURE_STYLE || before === TEXT_STYLE ? at - 1 : at);
}

/** Whether a picture ends before a place, with its skin color. */
function endsPicture(text: string, at: number): boolean {
  const before = pointBefore(text, at);
  const isColor = before >= 0x1f3fb && before <= 0x1f3ff;
  const picture = isColor ? pointBefore(text, at - 2) : before;
  return picture >= 0 && (kindOf(picture) & IS_PICTURE) !== 0;
}

/** The code point that ends before a place; -1 at the beginning. */
function pointBefore(text: string, at: number): number {
  if (at <= 0) return -1;
  const low = text.charCodeAt(at - 1);
  const high = at > 1 && (low & 0xfc00) === 0xdc00 ? text.charCodeAt(at - 2) : 0;
  return (high & 0xfc00) === 0xd800 ? text.codePointAt(at - 2)! : low;
}

/** How hidden characters are written out. */
interface Writing {
  /** Whether those that belong to a visible one stay. */
  keepsMeant: boolean;
  picture(point: number): string;
  /** Code units of each character that was written out; there are some thousands. */
  known: Map<number, Uint16Array>;
  /** Line feeds and tabs too. */
  isLine?: boolean;
  /** ASCII characters that get a backslash. */
  marks?: Uint8Array;
}

const NOTHING = new Uint16Array();
/** Longest picture of one code unit. */
const LONGEST = 12;

/** Written as code units, since pieces of text by the million are slow. */
function rewritten(text: string, writing: Writing): string {
  const { keepsMeant, isLine, marks } = writing;
  let units = new Uint16Array(text.length + 64);
  let length = 0;
  // often many of a kind follow each other
  let last = -1;
  let picture: Uint16Array = NOTHING;
  for (let i = 0; i < text.length; i++) {
    if (length + LONGEST > units.length) {
      // at once as much as there can be: what is not written takes no memory
      const longer = new Uint16Array(length + LONGEST * (text.length - i));
      longer.set(units);
      units = longer;
    }
    const code = text.charCodeAt(i);
    if (code < 0x7f && code >= 0x20) {
      if (marks?.[code]) units[length++] = BACKSLASH;
      units[length++] = code;
      continue;
    }
    const isPair = (code & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    const point = isPair ? text.codePointAt(i)! : code;
    const isBreak = point === LINE_FEED || point === TAB;
    if (isBreak ? !isLine : !(kindOf(point) & IS_HIDDEN) || (keepsMeant && isMeant(text, i, code))) {
      units[length++] = code;
      if (isPair) units[length++] = text.charCodeAt(++i);
      continue;
    }
    if (isPair) i++;
    // the line feed that follows says it
    if (keepsMeant && point === RETURN && text.charCodeAt(i + 1) === LINE_FEED) continue;
    if (point !== last) {
      last = point;
      picture = knownPicture(point, writing);
    }
    for (let k = 0; k < picture.length; k++) units[length++] = picture[k]!;
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units.subarray(0, length));
}

const [TAB, LINE_FEED, RETURN, BACKSLASH] = [9, 10, 13, 92];

function knownPicture(point: number, { known, picture }: Writing): Uint16Array {
  const before = known.get(point);
  if (before) return before;
  const text = picture(point);
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  known.set(point, units);
  return units;
}

function pictureOf(point: number): string {
  if (point < 0x20) return String.fromCodePoint(0x2400 + point);
  if (point === 0x7f) return '␡';
  return `[U+${point.toString(16).toUpperCase().padStart(4, '0')}]`;
}

const PICTURES = new Map<number, Uint16Array>();
const AS_TEXT: Writing = { keepsMeant: true, picture: pictureOf, known: PICTURES };
const AS_LINE: Writing = { ...AS_TEXT, isLine: true };
/** Characters that Markdown means something by. */
const MARKS = new Uint8Array(128);
for (const mark of '\\`*_~[]()<>&|!#$:@.') MARKS[mark.charCodeAt(0)] = 1;
const AS_MARKDOWN: Writing = {
  ...AS_LINE,
  picture: (point) => pictureOf(point).replace(/[[\]]/g, '\\$&'),
  known: new Map(),
  marks: MARKS,
};
const AS_JSON: Writing = { keepsMeant: false, picture: jsonOf, known: new Map() };

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

/** The same as text of Markdown, with a backslash before each of its marks. */
export function visibleMarkdown(text: string): string {
  return rewritten(text, AS_MARKDOWN);
}

/** JSON in which such characters are escaped: the same value, safe to print. */
export function visibleJson(value: unknown): string {
  // JSON.stringify leaves what is above U+001F, and it is all inside of strings.
  const text = JSON.stringify(value);
  return UNUSUAL.test(text) ? rewritten(text, AS_JSON) : text;
}

function jsonOf(point: number): string {
  return Array.from(String.fromCodePoint(point))
    .flatMap((character) => character.split(''))
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
