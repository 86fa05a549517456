/** Text to tokens and back, and prompts, by what a model's files say of its tokenizer. */
import { isTemplateText } from '../protocol/chat-choice.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { type ChatChoice, type ChatTemplates, chosenTemplate } from './chat-choice.ts';
import { ChatTemplate } from './chat-template.ts';
import { firstTokens } from './first-token.ts';
import { mapTexts, messagesOf, type PromptText, textsOf, withoutTemplate, withPrefill } from './prompt-text.ts';
import { type Rendered, TokenEncoder } from './token-encoder.ts';
import { type TokenTextReader, tokenTextReader } from './token-texts.ts';
import { type TokenizerJson, tokenId } from './tokenizer-json.ts';

export interface Tokenizer {
  vocabularySize: number;
  /** Tokens that end a response. */
  eosIds: number[];
  /** The token that stands for what the vocabulary lacks; null where it lacks nothing. */
  unknownId: number | null;
  hasChatTemplate: boolean;
  /** Names of the chat templates that the model has besides its usual one. */
  templateNames: readonly string[];
  /** The tokens of a text, as transformers gives them: texts of special tokens are those tokens. */
  encode(text: string): Int32Array;
  /** The tokens of what a person or a model wrote: texts of special tokens stay texts (`./literal-text.ts`). */
  encodeLiteral(text: string): Int32Array;
  /**
   * The prompt as the model expects it, and its tokens: rendered with the chat template, including the generation prompt,
   * if the model has one; otherwise its texts with blank lines between them, preceded by the first tokens if the model
   * has any. A template that prints the date prints `date`.
   */
  encodePrompt(prompt: PromptText, date: Date): Rendered;
  /** Special tokens give no text. */
  decode(ids: ArrayLike<number>): string;
  /** The text of each token; a character that several tokens make up belongs to the last of them. */
  tokenTexts(ids: ArrayLike<number>): string[];
}

export interface TokenizerParts extends ChatTemplates {
  json: TokenizerJson;
  bosToken: string | null;
  eosToken: string | null;
  eosIds: number[];
  /** Whether a text without a chat template begins with the BOS token; null where `tokenizer.json` decides. */
  addsBos: boolean | null;
}

/** Builds a tokenizer. Throws RollscopeError `model` if the description is not supported. */
export function createTokenizer(parts: TokenizerParts, file: string, chat?: ChatChoice): Tokenizer {
  const { json, bosToken, eosToken, eosIds, addsBos } = parts;
  let first: string;
  let encoder: TokenEncoder;
  let reader: TokenTextReader;
  try {
    const nameOf = (id: number) => json.added_tokens?.find((token) => token.id === id)?.content;
    first = addsBos === null ? firstTokens(json.post_processor, nameOf) : addsBos ? (bosToken ?? '') : '';
    encoder = new TokenEncoder(json, { bosToken, eosToken });
    reader = tokenTextReader(json);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RollscopeError(
      'model',
      `${file}: the tokenizer cannot be used: ${message}`,
      'Use a model with another tokenizer.',
      { details: { reason: 'bad-tokenizer', file, system: message } },
    );
  }
  const chatTemplate = chosenTemplate(parts, chat, file);
  const isGiven = chat !== undefined && isTemplateText(chat.template);
  const template = chatTemplate === null ? null : parsed(chatTemplate, file, isGiven);
  const more = chat?.variables;
  const render = (prompt: PromptText, date: Date): string => {
    if (!template) return first + withoutTemplate(prompt);
    try {
      const tokens = { bosToken: bosToken ?? '', eosToken: eosToken ?? '' };
      return withPrefill(template.render({ messages: messagesOf(prompt), ...tokens, date, more }), prompt.prefill);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new RollscopeError(
        'model',
        `${subject(file, isGiven)} fails: ${message}`,
        isGiven ? CORRECT : 'Remove the system message, or use another model.',
        { details: { reason: 'bad-chat-template', file, system: message } },
      );
    }
  };
  const tokenTexts = (ids: ArrayLike<number>) => reader(Array.from(ids));
  return {
    vocabularySize: reader.size,
    eosIds,
    unknownId: json.model.unk_token ? (tokenId(json, json.model.unk_token) ?? null) : null,
    hasChatTemplate: template !== null,
    templateNames: [...(parts.namedTemplates?.keys() ?? [])],
    encode: (text) => encoder.encode(text),
    encodeLiteral: (text) => encoder.encodeLiteral(text),
    encodePrompt: (prompt, date) =>
      encoder.encodeRendered(textsOf(prompt), (mark) => render(mapTexts(prompt, mark), date)),
    decode: (ids) => tokenTexts(ids).join(''),
    tokenTexts,
  };
}

const CORRECT = 'Correct the template that the run was given.';

/** A template that was given with the run is not a fault of the model's file. */
function subject(file: string, isGiven: boolean): string {
  return isGiven ? 'The chat template of this run' : `${file}: the chat template`;
}

function parsed(text: string, file: string, isGiven: boolean): ChatTemplate {
  try {
    return new ChatTemplate(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = isGiven ? CORRECT : 'Use another model.';
    throw new RollscopeError('model', `${subject(file, isGiven)} cannot be read: ${message}`, hint, {
      details: { reason: 'bad-chat-template', file, system: message },
    });
  }
}
