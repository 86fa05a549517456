/** Encodes and decodes text and renders prompts, as a model's files define it. */
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
  /** The token for text outside the vocabulary; null if the vocabulary covers everything. */
  unknownId: number | null;
  hasChatTemplate: boolean;
  /** Names of the model's additional chat templates. */
  templateNames: readonly string[];
  /** Encodes a text like transformers: texts of special tokens become those tokens. */
  encode(text: string): Int32Array;
  /** Encodes what a person or model wrote: texts of special tokens stay text (`./literal-text.ts`). */
  encodeLiteral(text: string): Int32Array;
  /**
   * Renders the prompt and encodes it. With a chat template, renders it including the generation prompt; otherwise
   * joins the texts with blank lines, after the model's first tokens, if any. Templates that print the date print
   * `date`.
   */
  encodePrompt(prompt: PromptText, date: Date): Rendered;
  /** Decodes tokens; special tokens give no text. */
  decode(ids: ArrayLike<number>): string;
  /** The text of each token; a character that spans several tokens belongs to the last of them. */
  tokenTexts(ids: ArrayLike<number>): string[];
}

export interface TokenizerParts extends ChatTemplates {
  json: TokenizerJson;
  bosToken: string | null;
  eosToken: string | null;
  eosIds: number[];
  /** Whether a text without a chat template begins with the BOS token; null: `tokenizer.json` decides. */
  addsBos: boolean | null;
}

/** Creates a tokenizer. Throws RollscopeError `model` if the description is not supported. */
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
        `${templateSubject(file, isGiven)} fails: ${message}`,
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

/** A template from the run's settings is not a fault of the model's file. */
function templateSubject(file: string, isGiven: boolean): string {
  return isGiven ? 'The chat template of this run' : `${file}: the chat template`;
}

function parsed(text: string, file: string, isGiven: boolean): ChatTemplate {
  try {
    return new ChatTemplate(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = isGiven ? CORRECT : 'Use another model.';
    throw new RollscopeError('model', `${templateSubject(file, isGiven)} cannot be read: ${message}`, hint, {
      details: { reason: 'bad-chat-template', file, system: message },
    });
  }
}
