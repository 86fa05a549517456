/** Files of models: weights, configurations, tokenizers, adapters and chat templates of strangers. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ChatTemplate } from '../../engine/model/chat-template.ts';
import { readGguf, readGgufTensor } from '../../engine/model/gguf.ts';
import { readPeftAdapter, writePeftAdapter } from '../../engine/model/peft.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { openModel } from '../../engine/model/source.ts';
import { EMBEDDED_MODEL, ggufHeader } from '../support/crafted-models.ts';
import { temporaryFolder } from '../support/processes.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateGguf, wholeGguf } from './support/gguf.ts';
import { mutateBytes, mutateJson, mutateText, type Random } from './support/mutate.ts';

const folder = temporaryFolder();
const place = (name: string) => path.join(folder, name);

const gguf = ggufHeader(
  { 'general.architecture': 'llama', 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'default' },
  { 'token_embd.weight': [4, 3], 'output_norm.weight': [4] },
);
/** Reads a file as a model: its header, its tokenizer, and the weights of each of its tensors. */
async function readsGguf(input: Buffer): Promise<void> {
  writeFileSync(place('a.gguf'), input);
  const { tensors } = await readGguf(place('a.gguf'));
  for (const tensor of [...tensors.values()].slice(0, 4)) {
    for await (const part of readGgufTensor(tensor)) if (part.length > 2 ** 20) break;
  }
  const { tokenizer } = await openModel(place('a.gguf'));
  tokenizer.encode('0+1=<s>');
}
fuzz({
  name: 'gguf',
  share: 20,
  make: (random) => mutateBytes(random, [gguf, Buffer.concat([gguf, Buffer.alloc(256)])]),
  run: readsGguf,
});
test('an unmodified GGUF file is read', async () => {
  for (const kind of ['gpt2', 'llama'] as const) await expect(readsGguf(wholeGguf(kind))).resolves.toBeUndefined();
});
fuzz({ name: 'gguf-parts', share: 50, make: mutateGguf, run: readsGguf });

const adapter = place('adapter');
await writePeftAdapter(adapter, {
  ...{ rank: 1, alpha: 2, targets: ['q_proj'], baseModel: 'm' },
  tensors: new Map([['model.layers.0.self_attn.q_proj.lora_A.weight', { shape: [1, 2], data: Float32Array.of(1, 2) }]]),
} as unknown as Parameters<typeof writePeftAdapter>[1]);
const weights = readFileSync(path.join(adapter, 'adapter_model.safetensors'));
fuzz({
  name: 'safetensors',
  share: 40,
  make: (random) => mutateBytes(random, [weights]),
  run: async (input) => {
    writeFileSync(place('a.safetensors'), input);
    const { tensors } = await readSafetensorsIndex(place('a.safetensors'));
    for (const tensor of [...tensors.values()].slice(0, 3)) await readTensor(tensor);
  },
});

/** A copy of the embedded model of which one file is replaced by each input. */
function ofModel(file: string, share: number): void {
  const model = place(file.replace('.', '-'));
  cpSync(EMBEDDED_MODEL, model, { recursive: true });
  const text = readFileSync(path.join(EMBEDDED_MODEL, file), 'utf8');
  const value = JSON.parse(text) as unknown;
  fuzz({
    name: file,
    share,
    make: (random: Random) =>
      random.below(4) === 0
        ? mutateBytes(random, [Buffer.from(text)])
        : Buffer.from(JSON.stringify(mutateJson(random, value))),
    run: async (input) => {
      writeFileSync(path.join(model, file), input);
      const { tokenizer } = await openModel(model);
      tokenizer.encode('5+2+5=');
    },
  });
}
ofModel('config.json', 40);
ofModel('tokenizer.json', 40);
ofModel('tokenizer_config.json', 20);

const description = readFileSync(path.join(adapter, 'adapter_config.json'), 'utf8');
fuzz({
  name: 'adapter_config.json',
  share: 10,
  make: (random) => Buffer.from(JSON.stringify(mutateJson(random, JSON.parse(description)))),
  run: async (input) => {
    writeFileSync(path.join(adapter, 'adapter_config.json'), input);
    await readPeftAdapter(adapter);
  },
});

const TEMPLATES = [
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message.content | trim }}{% endfor %}",
  "{{ bos_token }}{% if add_generation_prompt %}{{ 'a' }}{% else %}{{ messages | length }}{% endif %}",
  "{% set ns = namespace(x=0) %}{% macro f(a) %}{{ a }}{% endmacro %}{{ f(ns.x) }}{{ strftime_now('%d') }}",
];
fuzz({
  name: 'chat-template',
  share: 60,
  make: (random) => Buffer.from(mutateText(random, TEMPLATES)),
  run: (input) => {
    const messages = [{ role: 'user', content: 'What is 2+3?' }];
    const given = { messages, bosToken: '<s>', eosToken: '</s>', date: new Date(0), more: {} };
    new ChatTemplate(input.toString()).render(given);
  },
  // The engine puts the file and the model before what a template says.
  refuses: (error) => error instanceof Error && !(error instanceof RangeError),
});
