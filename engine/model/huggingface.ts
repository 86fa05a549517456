/** Writes a model folder that transformers loads, for weights from a GGUF file. */
import type { DecoderConfig } from './config.ts';
import { firstTokens } from './first-token.ts';
import { toHuggingFaceConfig } from './huggingface-config.ts';
import type { TokenizerParts } from './tokenizer.ts';

function tokenId({ json }: TokenizerParts, token: string | null): number | null {
  return json.added_tokens?.find(({ content }) => content === token)?.id ?? null;
}

function modelConfig(config: DecoderConfig, tokenizer: TokenizerParts) {
  return {
    ...toHuggingFaceConfig(config),
    bos_token_id: tokenId(tokenizer, tokenizer.bosToken),
    eos_token_id: tokenizer.eosIds.length === 1 ? tokenizer.eosIds[0] : tokenizer.eosIds,
  };
}

/** Contents of `config.json`, `tokenizer.json` and `tokenizer_config.json`, for weights in float32. */
export function huggingFaceFiles(config: DecoderConfig, tokenizer: TokenizerParts): Map<string, object> {
  return new Map<string, object>([
    ['config.json', modelConfig(config, tokenizer)],
    ['tokenizer.json', { truncation: null, padding: null, ...tokenizer.json }],
    [
      'tokenizer_config.json',
      {
        tokenizer_class: 'PreTrainedTokenizerFast',
        bos_token: tokenizer.bosToken,
        eos_token: tokenizer.eosToken,
        add_bos_token: firstTokens(tokenizer.json.post_processor) !== '',
        clean_up_tokenization_spaces: false,
        model_max_length: config.contextLength,
        ...(tokenizer.chatTemplate === null ? {} : { chat_template: tokenizer.chatTemplate }),
      },
    ],
  ]);
}
