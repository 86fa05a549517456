/**
 * Converts a SentencePiece BPE vocabulary (Llama 2, TinyLlama, Mistral) from GGUF metadata to the format of
 * `tokenizer.json`.
 */
import { TOKEN_TYPE } from './gguf-token-types.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

export interface Piece {
  text: string;
  /** Higher scores are merged first. */
  score: number;
  /** One of `TOKEN_TYPE`. */
  type: number;
}

const SPACE = '\u2581';

/**
 * The merges, in order. GGUF files contain only scores of pieces; every split of a piece into two others is a merge, as
 * in transformers' converter (`generate_merges`).
 */
export function mergesOf(pieces: readonly Piece[]): [string, string][] {
  const ids = new Map(
    pieces.flatMap(({ text, type }, id) => (type === TOKEN_TYPE.normal ? [[text, id] as const] : [])),
  );
  const merges: { left: string; right: string; score: number; lengths: [number, number] }[] = [];
  for (const { text, score, type } of pieces) {
    if (type !== TOKEN_TYPE.normal) continue;
    const characters = [...text];
    const own: { left: string; right: string; lengths: [number, number] }[] = [];
    let at = 0;
    for (let n = 1; n < characters.length; n++) {
      at += characters[n - 1]!.length;
      const left = text.slice(0, at);
      const right = text.slice(at);
      if (ids.has(left) && ids.has(right)) own.push({ left, right, lengths: [n, characters.length - n] });
    }
    own.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    for (const merge of own) merges.push({ ...merge, score });
  }
  merges.sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]);
  return merges.map(({ left, right }) => [left, right]);
}

/** The parts of `tokenizer.json` that depend on the type of vocabulary. */
export type Described = Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'>;

/** The parts of `tokenizer.json` that differ from a byte-level vocabulary's. `spaceFirst`: a text begins with a space. */
export function sentencePiece(pieces: readonly Piece[], unknown: string | null, spaceFirst: boolean): Described {
  const replace = (from: string, to: string) => ({ type: 'Replace', pattern: { String: from }, content: to });
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [...(spaceFirst ? [{ type: 'Prepend', prepend: SPACE }] : []), replace(' ', SPACE)],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        replace(SPACE, ' '),
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(spaceFirst ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges: mergesOf(pieces),
    } as TokenizerJson['model'],
  };
}
