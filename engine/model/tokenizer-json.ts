/** The contents of `tokenizer.json`, as far as this room looks into it. */
export interface TokenizerJson {
  added_tokens?: { id: number; content: string; special: boolean }[];
  pre_tokenizer?: unknown;
  decoder?: unknown;
  model: { type: string; vocab: Record<string, number> | [string, number][]; unk_token?: string | null };
  [key: string]: unknown;
}
