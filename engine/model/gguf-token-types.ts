/** Token types in GGUF files, as in `tokenizer.ggml.token_type` (llama.cpp's `llama_token_type`). */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 } as const;
