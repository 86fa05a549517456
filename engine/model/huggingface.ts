/** A model folder that transformers loads, for weights that came from a GGUF file. */
import type { DecoderConfig } from './config.ts';
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

/** What puts the first token before a text, where the model wants it; the engine does that itself. */
function firstToken(tokenizer: TokenizerParts) {
  const { bosToken: token, addsBos } = tokenizer;
  const id = tokenId(tokenizer, token);
  if (!addsBos || token === null || id === null) return null;
  const first = { SpecialToken: { id: token, type_id: 0 } };
  const text = (name: 'A' | 'B') => ({ Sequence: { id: name, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [first, text('A')],
    pair: [first, text('A'), first, text('B')],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

/** Contents of `config.json`, `tokenizer.json` and `tokenizer_config.json`, for weights in float32. */
export function huggingFaceFiles(config: DecoderConfig, tokenizer: TokenizerParts): Map<string, object> {
  return new Map<string, object>([
    ['config.json', modelConfig(config, tokenizer)],
    ['tokenizer.json', { truncation: null, padding: null, ...tokenizer.json, post_processor: firstToken(tokenizer) }],
    [
      'tokenizer_config.json',
      {
        tokenizer_class: 'PreTrainedTokenizerFast',
        bos_token: tokenizer.bosToken,
        eos_token: tokenizer.eosToken,
        add_bos_token: tokenizer.addsBos,
        clean_up_tokenization_spaces: false,
        model_max_length: config.contextLength,
        ...(tokenizer.chatTemplate === null ? {} : { chat_template: tokenizer.chatTemplate }),
      },
    ],
  ]);
}
