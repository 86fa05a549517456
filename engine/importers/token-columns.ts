/**
 * A log's values for the tokens of a response, brought to the same length: trainers pad some of their lists and not
 * others, and write log-probabilities as lists, as text in a table, or in the form of an API's response. Values that do
 * not fit count as unknown. Pure.
 */
import { valueOfText } from '../data/chat.ts';
import type { RolloutStatistics } from '../protocol/group.ts';
import { isObject } from '../protocol/values.ts';
import type { ForeignRollout } from './group.ts';
import { paddingIn } from './padding.ts';

/** The values in a row; each absent or null if the row has none. */
export interface TokenCells {
  logprobs?: unknown;
  entropies?: unknown;
  ids?: unknown;
  tokenTexts?: unknown;
}

type TokenFields = Pick<ForeignRollout, 'ids' | 'tokenTexts' | 'statistics'>;

/**
 * The first of log-probabilities, entropies, ids and texts says how many tokens there are. Longer lists are cut, for what
 * follows is padding; shorter ones are left out, for nobody can tell which tokens they lack.
 * @param text of the response: texts of tokens that do not give it are left out
 */
export function tokenFields(cells: TokenCells, text: string): TokenFields {
  const given = detailedLogprobs(cells.logprobs);
  const logprob = given?.logprobs ?? numbersOf(cells.logprobs);
  const entropy = numbersOf(cells.entropies);
  const ids = numbersOf(cells.ids);
  const texts = textsOf(cells.tokenTexts) ?? given?.texts ?? null;
  const length = (logprob ?? entropy ?? ids ?? texts)?.length;
  if (length === undefined) return {};
  const count = length - paddingIn(texts?.slice(0, length) ?? []);
  const cut = <T>(list: readonly T[] | null) => (list && list.length >= length ? list.slice(0, count) : null);
  const [p, h, i] = [cut(logprob), cut(entropy), cut(ids)];
  const fitting = cut(texts);
  const tokenTexts = fitting && decodeTokenTexts(fitting, text);
  const statistics: Partial<RolloutStatistics> = {
    ...(p && { logprob: Float32Array.from(p) }),
    ...(h && { entropy: Float32Array.from(h) }),
  };
  return {
    ...(i && { ids: Int32Array.from(i) }),
    ...(tokenTexts && { tokenTexts }),
    ...((p || h) && { statistics }),
  };
}

/** Whether a cell has a number for each token. */
export function isTokenColumn(cell: unknown): boolean {
  return numbersOf(cell) !== null || detailedLogprobs(cell) !== null;
}

/** A list of numbers, possibly as text; null if it is not one, or if one of its items is not a number. */
export function numbersOf(cell: unknown): number[] | null {
  if (ArrayBuffer.isView(cell)) return Array.from(cell as unknown as ArrayLike<number>, Number);
  const list = listOf(cell);
  if (!list || list.length === 0) return null;
  const numbers = list.every((item) => typeof item === 'bigint') ? list.map(Number) : list;
  return numbers.every((item) => Number.isFinite(item)) ? (numbers as number[]) : null;
}

/** A list of texts, possibly as text; null for none. */
export function textsOf(cell: unknown): string[] | null {
  const list = listOf(cell);
  return list && list.length > 0 && list.every((item) => typeof item === 'string') ? list : null;
}

function listOf(cell: unknown): unknown[] | null {
  const value = typeof cell === 'string' && /^\s*\[/.test(cell) ? valueOfText(cell) : cell;
  return Array.isArray(value) ? value : null;
}

/** The formats of OpenAI's APIs: `{content: [{token, logprob}]}`, the list alone, or `{tokens, token_logprobs}`. */
function detailedLogprobs(cell: unknown): { logprobs: number[]; texts: string[] | null } | null {
  const value = typeof cell === 'string' && /^\s*[{[]/.test(cell) ? valueOfText(cell) : cell;
  if (isObject(value) && 'token_logprobs' in value) {
    const logprobs = numbersOf(value.token_logprobs);
    return logprobs && { logprobs, texts: textsOf(value.tokens) };
  }
  const list = isObject(value) ? value.content : value;
  if (!Array.isArray(list) || list.length === 0 || !list.every(isObject)) return null;
  const logprobs = numbersOf(list.map(({ logprob }) => logprob));
  return logprobs && { logprobs, texts: textsOf(list.map(({ token }) => token)) };
}

/** Tokenizers write bytes and spaces as other characters (`Ġ`, `▁`). null if the tokens do not give the response. */
function decodeTokenTexts(texts: readonly string[], response: string): string[] | null {
  const text = response.trimStart();
  const gives = (candidate: readonly string[]) => {
    const joined = candidate.join('').trimStart();
    return text.startsWith(joined) || joined.startsWith(text);
  };
  // Most tokens are plain; decoding every token of a dump byte by byte would take as long as everything else.
  const plain = texts.every((item) => PLAIN_CHARACTERS.test(item));
  const candidates: (() => string[])[] = plain
    ? [() => [...texts], () => texts.map(withSpaces)]
    : TOKEN_ENCODINGS.map((way) => () => decoded(texts, way));
  for (const candidate of candidates) {
    const found = candidate();
    if (gives(found)) return found;
  }
  return null;
}

/** Characters that mean themselves in every encoding, and those for spaces and line breaks. */
const PLAIN_CHARACTERS = /^[ -;=-~ĠĊĉč\n\t▁]*$/;
const SPACES: Readonly<Record<string, string>> = { Ġ: ' ', Ċ: '\n', ĉ: '\t', č: '\r', '▁': ' ' };

function withSpaces(text: string): string {
  return text.replace(/[ĠĊĉč▁]/g, (found) => SPACES[found]!);
}

/** The bytes of a token, by how a tokenizer writes it. */
type TokenEncoding = (text: string) => readonly number[] | Uint8Array;

const ENCODER = new TextEncoder();
const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/;
const TOKEN_ENCODINGS: readonly TokenEncoding[] = [
  (text) => ENCODER.encode(text),
  (text) => [...text].flatMap((character) => BYTE_OF.get(character) ?? [...ENCODER.encode(character)]),
  (text) => {
    const byte = BYTE_TOKEN.exec(text)?.[1];
    return byte === undefined ? ENCODER.encode(text.replaceAll('▁', ' ')) : [Number.parseInt(byte, 16)];
  },
];

/** A character whose bytes are in several tokens belongs to the last of them. */
function decoded(texts: readonly string[], way: TokenEncoding): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return texts.map((text) => decoder.decode(Uint8Array.from(way(text)), { stream: true }));
}

/** Printable bytes represent themselves; the others follow from 256 on, in order. */
const BYTE_OF: ReadonlyMap<string, number> = (() => {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const characters = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) characters.set(String.fromCharCode(isPrintable(byte) ? byte : next++), byte);
  return characters;
})();
