/** Which chat template renders a run's prompts: the model's own, one of its others, a file, or none; and its variables. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { withAbsolutePaths } from '../../engine/config/paths.ts';
import type { ChatChoice } from '../../engine/model/chat-choice.ts';
import { openModel } from '../../engine/model/source.ts';
import { isTemplateFile, parseTemplateVariables } from '../../engine/protocol/chat-choice.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { encodePrompts } from '../../engine/training/policy/prompts.ts';
import { withChatTemplate } from '../../engine/training/run/chat-template.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const NOW = new Date(0);
const GENERIC = '{{ messages[0].content }}';

/** A copy of the embedded model with chat templates: a usual one, `list` in the tokenizer's configuration, `file` in a folder. */
function modelFolder(files: Record<string, string> = {}): string {
  const folder = path.join(temporaryFolder(), 'model');
  cpSync(path.join(ROOT, 'engine', 'embedded', 'model'), folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const LISTED = JSON.stringify({
  eos_token: '<eos>',
  chat_template: [
    { name: 'default', template: `${GENERIC}=` },
    { name: 'listed', template: `${GENERIC}+` },
  ],
});
const TEMPLATES = {
  'tokenizer_config.json': LISTED,
  'additional_chat_templates/filed.jinja': `${GENERIC}{% if twice %}${GENERIC}{% endif %}-`,
};

async function rendered(folder: string, template: string, variables: ChatChoice['variables'] = {}): Promise<string> {
  const { tokenizer } = await openModel(folder, { chat: { template, variables } });
  return tokenizer.encodePrompt({ user: '12' }, NOW).text;
}

describe('the template', () => {
  test.each([
    ['auto', '12='],
    ['default', '12='],
    ['none', '12'],
    ['listed', '12+'],
    ['filed', '12-'],
    ['{{ messages[0].content }}=1', '12=1'],
  ])('%s gives %j', async (template, text) => {
    expect(await rendered(modelFolder(TEMPLATES), template)).toBe(text);
  });

  test('from a file takes precedence over the one in the configuration', async () => {
    const folder = modelFolder({ ...TEMPLATES, 'chat_template.jinja': `${GENERIC}9` });
    expect(await rendered(folder, 'auto')).toBe('129');
  });

  test('receives the variables', async () => {
    const folder = modelFolder(TEMPLATES);
    expect(await rendered(folder, 'filed', { twice: true })).toBe('1212-');
    expect(await rendered(folder, 'filed', { twice: false, messages: 1 })).toBe('12-');
  });

  test('that a model does not have is refused, and the existing ones are named', async () => {
    await expectRejection(openModel(modelFolder(TEMPLATES), { chat: { template: 'other', variables: {} } }), 'model', {
      reason: 'unknown-chat-template',
      value: 'other',
      allowed: ['default', 'listed', 'filed'],
    });
  });

  test("changes the fingerprint if it is one of the model's", async () => {
    const [before, after] = [modelFolder(TEMPLATES), modelFolder(TEMPLATES)];
    writeFileSync(path.join(after, 'additional_chat_templates', 'filed.jinja'), GENERIC);
    expect((await openModel(after)).fingerprint).not.toBe((await openModel(before)).fingerprint);
  });
});

describe('a file', () => {
  const config = (chatTemplate: string) => RunConfig.parse({ dataset: { path: 'p' }, chatTemplate });
  const file = (text: string) => {
    const name = path.join(temporaryFolder(), 'chat.jinja');
    writeFileSync(name, text);
    return name;
  };

  test('is replaced by its text, which the run stores; names are kept', async () => {
    expect(await withChatTemplate(config(file(GENERIC)))).toEqual(config(GENERIC));
    for (const name of ['auto', 'none', 'tool_use']) expect(await withChatTemplate(config(name))).toEqual(config(name));
  });

  test('that is missing or not a template is refused', async () => {
    const reason = 'bad-chat-template-file';
    await expectRejection(withChatTemplate(config('/nowhere/chat.jinja')), 'config', { reason });
    await expectRejection(withChatTemplate(config(file('no tags'))), 'config', { reason });
  });

  test('is found relative to where it was named', () => {
    const place = { folder: '/work', home: '/home/me', exists: () => false };
    const of = (chatTemplate: string) => withAbsolutePaths({ chatTemplate }, place).chatTemplate;
    expect(['chat.jinja', 'none', 'tool_use', GENERIC].map(of)).toEqual([
      '/work/chat.jinja',
      'none',
      'tool_use',
      GENERIC,
    ]);
    expect(isTemplateFile('{{ a.b }}/c.d')).toBe(false);
  });
});

test.each<[string, object | null]>([
  ['', {}],
  ['enable_thinking=false', { enable_thinking: false }],
  ['a=1, b=low,c="x y",d=None,e=True', { a: 1, b: 'low', c: 'x y', d: null, e: true }],
  ['{"a": {"b": [1]}}', { a: { b: [1] } }],
  ['{"a"', null],
  ['[1]', null],
  ['a', null],
  ['messages=1', null],
])('the variables %j', (text, variables) => {
  const parsed = RunConfig.safeParse({ dataset: { path: 'p' }, chatTemplateKwargs: text });
  expect(parsed.success).toBe(variables !== null);
  if (variables) expect(parseTemplateVariables(text)).toEqual(variables);
});

test('a model without a chat template is reported once, unless none is requested', async () => {
  const model = await openModel(modelFolder());
  const large = { ...model, config: { ...model.config, vocabularySize: 32_000 } };
  const warnings = (template: string | undefined, source = large) =>
    encodePrompts([{ user: '1+2=' }, { user: '2+2=' }], { date: NOW, maxTokens: 8, template }, source).warnings;
  expect(warnings(undefined)).toEqual([expect.stringContaining('no chat template')]);
  expect(warnings('auto')).toHaveLength(1);
  expect(warnings('none')).toEqual([]);
  // Nobody chats with a model of single characters.
  expect(warnings('auto', model)).toEqual([]);
  const named = await openModel(modelFolder({ 'additional_chat_templates/filed.jinja': GENERIC }));
  expect(warnings('auto', { ...named, config: large.config })[0]).toContain('filed');
});
