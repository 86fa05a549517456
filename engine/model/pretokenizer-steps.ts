/** Pre-tokenizer steps in the format of `tokenizer.json`. Pure. */

/** GPT-2's pattern, with Unicode character classes: `ByteLevel` splits by it. */
export const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Splits by a pattern; each match becomes its own piece. */
export const splitBy = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
