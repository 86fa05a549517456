/**
 * Text from a dataset, a model, a run or a program, before it is shown anywhere: characters that steer a terminal,
 * change the order in which text is read, or hide in it are escaped. Every surface goes through here. Pure.
 */

/** Sequences of invisible characters that belong to a visible one: emoji, and letters that join or stand apart. */
const LETTERS =
  '[\\p{scx=Arabic}\\p{scx=Bengali}\\p{scx=Devanagari}\\p{scx=Gujarati}\\p{scx=Gurmukhi}\\p{scx=Kannada}\\p{scx=Malayalam}\\p{scx=Mongolian}\\p{scx=Oriya}\\p{scx=Sinhala}\\p{scx=Syriac}\\p{scx=Tamil}\\p{scx=Telugu}]';
const PICTURE = '\\p{Extended_Pictographic}[\\u{1f3fb}-\\u{1f3ff}]?[\\ufe0e\\ufe0f]?';
const MEANT = [
  `${PICTURE}(?:\\u200d${PICTURE})*`,
  '[0-9#*]\\ufe0f\\u20e3',
  `(?<=(?!\\p{P})${LETTERS})[\\u200c\\u200d](?=(?!\\p{P})${LETTERS})`,
].join('|');

/** Control characters but line feed and tab, what has no width or reorders (`Default_Ignorable_Code_Point`), other line ends, lone surrogates. */
const HIDDEN = '(?![\\n\\t])[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{DI}\\ufff9-\\ufffb]';
/** Beyond ASCII's visible characters: most texts have none of these, and looking for them is much quicker. */
const UNUSUAL = /[^\n\t\x20-\x7e]/;
const ANY_HIDDEN = new RegExp(HIDDEN, 'u');
/**
 * Hidden characters that are never meant, as many as there are: a joiner is only behind a letter, and none of these is one. A
 * text may be nothing else.
 */
const RUN = `(?![\\u200c\\u200d])(?:(?!\\r|${LETTERS})${HIDDEN})+|[\\u200c\\u200d]{2,}`;
const SHOWN = new RegExp(`(${MEANT})|\\r\\n|${RUN}|${HIDDEN}`, 'gu');
const EACH_HIDDEN = new RegExp(HIDDEN, 'gu');

/**
 * The text with every such character escaped: `␛` for an escape, `[U+202E]` for one without a picture. Line feeds and
 * tabs stay. What is visible already does not change.
 */
export function visible(text: string): string {
  return UNUSUAL.test(text) && ANY_HIDDEN.test(text) ? text.replace(SHOWN, written) : text;
}

/** The same in one line: line feeds and tabs are escaped too. */
export function visibleLine(text: string): string {
  return visible(text).replace(/[\n\t]/g, pictureOf);
}

function written(found: string, meant: string | undefined): string {
  if (meant !== undefined) return found;
  if (found === '\r\n') return '\n';
  let shown = '';
  for (const character of found) shown += knownPictureOf(character);
  return shown;
}

/** Of each character that was written out; there are some thousands. */
const PICTURES = new Map<string, string>();

function knownPictureOf(character: string): string {
  const known = PICTURES.get(character);
  if (known !== undefined) return known;
  const picture = pictureOf(character);
  PICTURES.set(character, picture);
  return picture;
}

function pictureOf(character: string): string {
  const point = character.codePointAt(0)!;
  if (point < 0x20) return String.fromCodePoint(0x2400 + point);
  if (point === 0x7f) return '␡';
  return `[U+${point.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** JSON in which such characters are escaped: the same value, safe to print. */
export function visibleJson(value: unknown): string {
  // JSON.stringify leaves what is above U+001F, and it is all inside of strings.
  return JSON.stringify(value).replace(EACH_HIDDEN, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
