/** Steps of a pre-tokenizer as `tokenizer.json` describes them. Pure. */

/** GPT-2's pattern, with Unicode's classes of characters: what `ByteLevel` splits by. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Splits by a pattern; what it matches is a piece of its own. */
export const splitBy = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
