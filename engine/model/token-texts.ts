/** The text of single tokens, byte-exact, for each way that vocabularies encode bytes. */
import type { TokenizerJson } from './tokenizer-json.ts';

/** Texts of consecutive tokens; joined, they are the decoded text. */
export interface TokenTextReader {
  (ids: readonly number[]): string[];
  /** Number of tokens, including unused ids up to the largest. */
  size: number;
}

/** GPT-2's printable characters for the 256 bytes. */
function byteOfCharacter(): Map<string, number> {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  const map = new Map<string, number>();
  let shifted = 0;
  for (let b = 0; b < 256; b++) map.set(String.fromCodePoint(printable(b) ? b : 256 + shifted++), b);
  return map;
}

function mentionsType(node: unknown, type: string): boolean {
  if (Array.isArray(node)) return node.some((n) => mentionsType(n, type));
  if (typeof node !== 'object' || node === null) return false;
  return (node as { type?: string }).type === type || Object.values(node).some((n) => mentionsType(n, type));
}

/** How a vocabulary encodes bytes. */
type Writing = 'byte-level' | 'sentencepiece' | 'plain';

function bytesOf(token: string, writing: Writing, characters: Map<string, number>): Uint8Array {
  if (writing === 'byte-level') {
    const bytes = [...token].map((c) => characters.get(c));
    return bytes.every((b) => b !== undefined) ? Uint8Array.from(bytes) : new TextEncoder().encode(token);
  }
  if (writing === 'sentencepiece') {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token);
    if (byte) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
    return new TextEncoder().encode(token.replaceAll('\u2581', ' '));
  }
  return new TextEncoder().encode(token);
}

/** A reader for the vocabulary of a `tokenizer.json`. */
export function tokenTextReader(json: TokenizerJson): TokenTextReader {
  const { decoder, added_tokens: added = [], model } = json;
  const writing: Writing = mentionsType(decoder, 'ByteLevel')
    ? 'byte-level'
    : mentionsType(decoder, 'ByteFallback')
      ? 'sentencepiece'
      : 'plain';
  // Most SentencePiece tokenizers add a space before the first word, which is not part of the text.
  const spaceFirst = writing === 'sentencepiece' && mentionsType(decoder, 'Strip');
  const entries: [string, number][] = Array.isArray(model.vocab)
    ? model.vocab.map(([token], id) => [token, id])
    : Object.entries(model.vocab);
  const size = [...entries.map(([, id]) => id), ...added.map((t) => t.id)].reduce((a, b) => Math.max(a, b), -1) + 1;
  const texts: (string | null)[] = new Array<string | null>(size).fill(null);
  for (const [token, id] of entries) texts[id] = token;
  const special = new Set<number>();
  const verbatim = new Set<number>();
  for (const { id, content, special: isSpecial } of added) {
    texts[id] = content;
    verbatim.add(id);
    if (isSpecial) special.add(id);
  }
  const characters = byteOfCharacter();
  const known = new Map<number, Uint8Array>();
  const bytes = (id: number): Uint8Array => {
    let found = known.get(id);
    if (!found) {
      const text = special.has(id) ? '' : (texts[id] ?? '');
      found = bytesOf(text, verbatim.has(id) ? 'plain' : writing, characters);
      known.set(id, found);
    }
    return found;
  };
  const read = (ids: readonly number[]): string[] => {
    const decode = new TextDecoder('utf-8', { ignoreBOM: true });
    const tokenTexts = ids.map((id) => decode.decode(bytes(id), { stream: true }));
    const rest = decode.decode();
    if (rest && tokenTexts.length > 0) tokenTexts[tokenTexts.length - 1] += rest;
    // special tokens have no text
    const first = spaceFirst ? tokenTexts.findIndex((text) => text !== '') : -1;
    if (tokenTexts[first]?.startsWith(' ')) tokenTexts[first] = tokenTexts[first]!.slice(1);
    return tokenTexts;
  };
  return Object.assign(read, { size });
}
