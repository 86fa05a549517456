/** The tokenizer of a Hugging Face folder. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import type { ChatChoice, ChatTemplates } from './chat-choice.ts';
import { createTokenizer, type Tokenizer, type TokenizerParts } from './tokenizer.ts';
import { checkTokenizerJson, type TokenizerJson, tokenId } from './tokenizer-json.ts';

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

/** Reads the tokenizer of a Hugging Face folder; its `eosIds` come from the model's configuration. */
export async function readTokenizerFolder(folder: string, chat?: ChatChoice): Promise<Tokenizer> {
  return createTokenizer(await readTokenizerParts(folder), path.join(folder, 'tokenizer.json'), chat);
}

/** Reads the tokenizer files of a Hugging Face folder. Throws RollscopeError `model` if they are missing or broken. */
export async function readTokenizerParts(folder: string): Promise<TokenizerParts> {
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
  const named = eosToken === null ? undefined : tokenId(json, eosToken);
  const ends = [generation?.eos_token_id, model?.eos_token_id, named].flatMap((id) => id ?? []);
  return {
    json,
    ...(await readTemplates(folder, config)),
    bosToken: text(config.bos_token),
    eosToken,
    eosIds: [...new Set(ends)],
    addsBos: config.add_bos_token ?? null,
  };
}

/** Like transformers: separate files take precedence over templates in the tokenizer's configuration. */
async function readTemplates(folder: string, { chat_template: inside }: TokenizerConfig): Promise<ChatTemplates> {
  const separate = await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => null);
  const listed = Array.isArray(inside) ? inside.filter(({ name }) => name !== 'default') : [];
  const named = new Map(listed.map(({ name, template }) => [name, template]));
  const more = path.join(folder, 'additional_chat_templates');
  for (const file of (await readdir(more).catch(() => [])).sort()) {
    if (file.endsWith('.jinja')) named.set(file.slice(0, -6), await readFile(path.join(more, file), 'utf8'));
  }
  const usual = Array.isArray(inside) ? inside.find(({ name }) => name === 'default')?.template : inside;
  return { chatTemplate: separate ?? usual ?? null, namedTemplates: named };
}
