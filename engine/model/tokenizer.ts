/** Text to tokens and back, and the chat template, from Hugging Face's files or from GGUF metadata. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Template } from '@huggingface/jinja';
import { Tokenizer as Encoder } from '@huggingface/tokenizers';
import { RollscopeError } from '../protocol/errors.ts';
import type { Turn } from '../protocol/records.ts';
import { strftime } from './chat-date.ts';
import { firstTokens } from './first-token.ts';
import { type TokenTextReader, tokenTextReader } from './token-texts.ts';
import { checkTokenizerJson, type TokenizerJson } from './tokenizer-json.ts';

export interface PromptText {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: readonly Turn[] | undefined;
  user: string;
  /** The beginning of the response. */
  prefill?: string | undefined;
}

export interface Tokenizer {
  vocabularySize: number;
  /** Tokens that end a response. */
  eosIds: number[];
  /** The token that stands for what the vocabulary lacks; null where it lacks nothing. */
  unknownId: number | null;
  hasChatTemplate: boolean;
  encode(text: string): Int32Array;
  /**
   * The prompt as the model expects it: rendered with the chat template, including the generation prompt, if the model
   * has one; otherwise the system message, a blank line and the text, preceded by the BOS token if the model uses one.
   * A template that prints the date prints `date`.
   */
  renderPrompt(prompt: PromptText, date: Date): string;
  /** The tokens of the rendered prompt. */
  encodePrompt(prompt: PromptText, date: Date): Int32Array;
  /** Special tokens give no text. */
  decode(ids: ArrayLike<number>): string;
  /** The text of each token; a character that several tokens make up belongs to the last of them. */
  tokenTexts(ids: ArrayLike<number>): string[];
}

export interface TokenizerParts {
  json: TokenizerJson;
  chatTemplate: string | null;
  bosToken: string | null;
  eosToken: string | null;
  eosIds: number[];
  /** Whether a text without a chat template begins with the BOS token; null where `tokenizer.json` decides. */
  addsBos: boolean | null;
}

/**
 * JavaScript's `\d` knows ASCII digits only; the tokenizers' Digits rule means every character of category N. Written as
 * a split by that category, which is the same.
 */
function widenDigits(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(widenDigits);
  if (typeof node !== 'object' || node === null) return node;
  const { type, individual_digits } = node as { type?: string; individual_digits?: boolean };
  if (type === 'Digits') {
    const pattern = { Regex: individual_digits ? '\\p{N}' : '\\p{N}+' };
    return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, widenDigits(value)]));
}

/** A chat template whose `strftime_now` is the `strftime_of_run` that it is rendered with. */
function datedTemplate(text: string): Template {
  const template = new Template(text);
  // The library's own may not be given another value when rendering, but a template may set it.
  template.parsed.body.unshift(...new Template('{% set strftime_now = strftime_of_run %}').parsed.body);
  return template;
}

/** A prompt for a model without a chat template: one turn is its text, more are laid out. */
function withoutTemplate({ system, before = [], user, prefill }: PromptText): string {
  const begin = prefill === undefined ? '' : before.length > 0 ? `assistant: ${prefill}` : prefill;
  const turns =
    before.length > 0 ? [...before.map((turn) => `${turn.role}: ${turn.content}`), `user: ${user}`] : [user];
  return [...(system ? [system] : []), ...turns, ...(begin === '' ? [] : [begin])].join('\n\n');
}

/** A prompt with the beginning of its response. A thought that the template has opened is not opened again. */
function begun(prompt: string, prefill: string): string {
  const open = /<think>\s*$/.exec(prompt);
  return open && /^\s*<think>/.test(prefill) ? prompt.slice(0, open.index) + prefill.trimStart() : prompt + prefill;
}

/** Builds a tokenizer. Throws RollscopeError `model` if the description is not supported. */
export function createTokenizer(parts: TokenizerParts, file: string): Tokenizer {
  const { json, chatTemplate, bosToken, eosToken, eosIds, addsBos } = parts;
  const first = addsBos === null ? firstTokens(json.post_processor) : addsBos ? (bosToken ?? '') : '';
  let encoder: Encoder;
  let reader: TokenTextReader;
  let template: Template | null;
  try {
    const widened = { ...json, pre_tokenizer: widenDigits(json.pre_tokenizer ?? null) };
    encoder = new Encoder(widened, { bos_token: bosToken, eos_token: eosToken });
    reader = tokenTextReader(json);
    template = chatTemplate === null ? null : datedTemplate(chatTemplate);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RollscopeError(
      'model',
      `${file}: the tokenizer cannot be used: ${message}`,
      'Use a model with another tokenizer.',
      { details: { reason: 'bad-tokenizer', file, system: message } },
    );
  }
  const encode = (text: string): Int32Array => Int32Array.from(encoder.encode(text, { add_special_tokens: false }).ids);
  const renderPrompt = (prompt: PromptText, date: Date): string => {
    const { system, before = [], user, prefill } = prompt;
    if (!template) {
      return first + withoutTemplate(prompt);
    }
    const messages = [
      ...(system ? [{ role: 'system', content: system }] : []),
      ...before.map(({ role, content }) => ({ role, content })),
      { role: 'user', content: user },
    ];
    try {
      const text = template.render({
        messages,
        add_generation_prompt: true,
        bos_token: bosToken ?? '',
        eos_token: eosToken ?? '',
        strftime_of_run: (format: string) => strftime(date, format),
      });
      return prefill === undefined ? text : begun(text, prefill);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new RollscopeError(
        'model',
        `${file}: the chat template fails: ${message}`,
        'Remove the system message, or use another model.',
        { details: { reason: 'bad-chat-template', file, system: message } },
      );
    }
  };
  const tokenTexts = (ids: ArrayLike<number>) => reader(Array.from(ids));
  return {
    vocabularySize: reader.size,
    eosIds,
    unknownId: json.model.unk_token ? (idOf(json, json.model.unk_token) ?? null) : null,
    hasChatTemplate: template !== null,
    encode,
    renderPrompt,
    encodePrompt: (prompt, date) => encode(renderPrompt(prompt, date)),
    decode: (ids) => tokenTexts(ids).join(''),
    tokenTexts,
  };
}

interface TokenizerConfig {
  chat_template?: string | { name: string; template: string }[];
  bos_token?: string | { content: string } | null;
  eos_token?: string | { content: string } | null;
  add_bos_token?: boolean;
}

async function readJson<T>(file: string): Promise<T | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new RollscopeError('model', `${file} is not valid JSON.`, 'The file is damaged; download the model again.', {
      details: { reason: 'not-json', file },
    });
  }
}

/** Reads the tokenizer of a Hugging Face folder; `eosIds` are those of the model's configuration. */
export async function readTokenizerFolder(folder: string): Promise<Tokenizer> {
  const file = path.join(folder, 'tokenizer.json');
  const json = await readJson<TokenizerJson>(file);
  if (!json?.model) {
    throw new RollscopeError(
      'model',
      `${file} is missing or has no model.`,
      'Rollscope needs the fast tokenizer (tokenizer.json).',
      { details: { reason: 'no-tokenizer', file } },
    );
  }
  checkTokenizerJson(json, file);
  const config = (await readJson<TokenizerConfig>(path.join(folder, 'tokenizer_config.json'))) ?? {};
  const model = await readJson<{ eos_token_id?: number | number[] | null }>(path.join(folder, 'config.json'));
  const generation = await readJson<{ eos_token_id?: number | number[] | null }>(
    path.join(folder, 'generation_config.json'),
  );
  const text = (token: TokenizerConfig['eos_token']) => (typeof token === 'string' ? token : (token?.content ?? null));
  const eosToken = text(config.eos_token);
  const named = eosToken === null ? undefined : idOf(json, eosToken);
  const ends = [generation?.eos_token_id, model?.eos_token_id, named].flatMap((id) => id ?? []);
  const separate = await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => null);
  const templates = config.chat_template;
  const inside =
    typeof templates === 'string' ? templates : (templates?.find((t) => t.name === 'default')?.template ?? null);
  return createTokenizer(
    {
      json,
      chatTemplate: separate ?? inside,
      bosToken: text(config.bos_token),
      eosToken,
      eosIds: [...new Set(ends)],
      addsBos: config.add_bos_token ?? null,
    },
    file,
  );
}

function idOf(json: TokenizerJson, token: string): number | undefined {
  const added = json.added_tokens?.find((t) => t.content === token);
  if (added) return added.id;
  const { vocab } = json.model;
  return Array.isArray(vocab) ? vocab.findIndex(([text]) => text === token) : vocab[token];
}
