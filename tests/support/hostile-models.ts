/** Models as an attacker would write them, each made from the embedded one. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

type Json = Record<string, unknown>;

function changed(file: string, change: (value: Json) => unknown): (folder: string) => void {
  return (folder) => {
    const place = path.join(folder, file);
    const value = JSON.parse(readFileSync(place, 'utf8')) as Json;
    const now = change(value) ?? value;
    writeFileSync(place, typeof now === 'string' ? now : JSON.stringify(now));
  };
}
const config = (change: Json | ((value: Json) => unknown)) =>
  changed('config.json', typeof change === 'function' ? change : (value) => ({ ...value, ...change }));
const tokenizer = (change: (value: Json & { model: Json }) => unknown) =>
  changed('tokenizer.json', change as (value: Json) => unknown);
const template = (text: string) => (folder: string) => writeFileSync(path.join(folder, 'chat_template.jinja'), text);
const repeated = <T>(count: number, of: T) => new Array<T>(count).fill(of);
/** A Jinja template whose text doubles in each of `times` steps. */
const doubling = (times: number, step: string) =>
  `{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(${times}) %}{% set ns.s = ${step} %}{% endfor %}{{ ns.s }}`;

/** A safetensors header with these tensors, and no weights. */
function safetensors(tensors: Json | string) {
  return (folder: string) => {
    const header = Buffer.from(typeof tensors === 'string' ? tensors : JSON.stringify(tensors));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path.join(folder, 'model.safetensors'), Buffer.concat([length, header]));
  };
}
const tensor = (shape: number[], data_offsets: number[], dtype = 'F32') => ({ dtype, shape, data_offsets });

/** By fault; each modifies a copy of the embedded model in its folder. */
export const HOSTILE_MODELS: Record<string, (folder: string) => void> = {
  // config.json
  'a vocabulary of 2^31': config({ vocab_size: 2 ** 31 - 1 }),
  'a width of 2^30': config({ hidden_size: 2 ** 30, head_dim: 2 ** 30 }),
  'no heads': config({ num_attention_heads: 0, num_key_value_heads: 0 }),
  'heads that do not divide': config({ num_attention_heads: 3, num_key_value_heads: 2, head_dim: undefined }),
  'a width of nothing': config({ hidden_size: 0, intermediate_size: 0 }),
  'a rope of nonsense': config({ rope_theta: -1e308, rope_scaling: { rope_type: 'yarn', factor: 1e308 } }),
  'a million factors': config({
    rope_scaling: { rope_type: 'longrope', long_factor: repeated(1e6, 1), short_factor: repeated(1e6, 0) },
  }),
  'a million end tokens': config({ eos_token_id: Array.from({ length: 1e6 }, (_, i) => i) }),
  'a million kinds of layers': config({ layer_types: repeated(1e6, 'full_attention') }),
  'names of the language': config(
    (value) => `{"__proto__": {"model_type": "x"}, "constructor": 1, ${JSON.stringify(value).slice(1)}`,
  ),
  'a text for a configuration': config(() => `"${'x'.repeat(20_000_000)}"`),
  'nesting without end': config(() => `${'{"a":'.repeat(300_000)}1${'}'.repeat(300_000)}`),
  // tokenizer.json
  'a text for a tokenizer': tokenizer(() => `"${'x'.repeat(20_000_000)}"`),
  'an added token without text': tokenizer((value) => ({
    ...value,
    added_tokens: [{ id: 1, content: '', special: true, normalized: false }],
  })),
  'an added token of a negative number': tokenizer((value) => ({
    ...value,
    added_tokens: [
      { id: -5, content: 'x', special: true },
      { id: 1e300, content: 'y', special: true },
    ],
  })),
  'a normalizer that doubles': tokenizer((value) => ({
    ...value,
    normalizer: {
      type: 'Sequence',
      normalizers: repeated(40, { type: 'Replace', pattern: { String: '1' }, content: '11' }),
    },
  })),
  'a normalizer in a normalizer': tokenizer((value) => {
    let normalizer: unknown = { type: 'NFC' };
    for (let i = 0; i < 1000; i++) normalizer = { type: 'Sequence', normalizers: [normalizer] };
    return { ...value, normalizer };
  }),
  'a normalizer that replaces nothing': tokenizer((value) => ({
    ...value,
    normalizer: { type: 'Replace', pattern: { String: '' }, content: 'x'.repeat(100_000) },
  })),
  'a pattern that does not end': tokenizer((value) => ({
    ...value,
    pre_tokenizer: { type: 'Split', pattern: { Regex: '(1+)+$' }, behavior: 'Isolated', invert: false },
  })),
  'a pattern that matches nothing': tokenizer((value) => ({
    ...value,
    pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
  })),
  'a decoder that doubles': tokenizer((value) => ({
    ...value,
    decoder: { type: 'Sequence', decoders: repeated(40, { type: 'Replace', pattern: { String: '1' }, content: '11' }) },
  })),
  'a million tokens before each text': tokenizer((value) => ({
    ...value,
    post_processor: {
      type: 'TemplateProcessing',
      single: repeated(1e6, { SpecialToken: { id: 'x', type_id: 0 } }),
      pair: [],
      special_tokens: { x: { id: 'x', ids: repeated(1000, 1), tokens: ['x'] } },
    },
  })),
  'a vocabulary with a token of no text': tokenizer((value) => ({
    ...value,
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['', 0],
        ['', Number.NaN],
        ['1', 1e308],
      ],
    },
  })),
  'merges of nothing': tokenizer((value) => ({ ...value, model: { ...value.model, merges: repeated(1e6, ' ') } })),
  'numbers that are none': tokenizer((value) => ({
    ...value,
    model: { ...value.model, vocab: { '1': -1, '2': 0.5, '3': '7', __proto__x: null } },
  })),
  // chat templates
  'a template of loops': template(`${'{% for a in range(9999) %}'.repeat(8)}x${'{% endfor %}'.repeat(8)}`),
  'a template that doubles a text': template(doubling(60, 'ns.s ~ ns.s')),
  'a template that replaces a text': template(doubling(60, "ns.s.replace('a', 'aa')")),
  'a template that joins lists': template(
    "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l | join('x') }}",
  ),
  'a template of huge numbers': template(
    '{{ "a" * 1000000000 }}{{ "%1000000000d" % 1 }}{{ "a" | center(1000000000) }}',
  ),
  'a template that indents': template(doubling(40, 'ns.s | indent(100000, true)')),
  'a template that calls itself': template('{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}'),
  'a template of brackets': template(`{{ ${'('.repeat(200_000)}1${')'.repeat(200_000)} }}`),
  'a template of conditions': template(`${'{% if true %}'.repeat(20_000)}x${'{% endif %}'.repeat(20_000)}`),
  'a template that escapes': template(
    '{{ messages.constructor.constructor("return process")().exit() }}{{ "".__class__.__mro__ }}',
  ),
  'a template that sorts': template(
    '{{ range(19999) | sort | list | tojson | length }}{{ range(19999) | map("string") | join | list | sort | unique | join }}',
  ),
  // safetensors
  'weights that overlap': safetensors({ a: tensor([4], [0, 16]), b: tensor([4], [8, 24]) }),
  'weights of a product that overflows': safetensors({ a: tensor([2 ** 32, 2 ** 32, 2 ** 32], [0, 0]) }),
  'weights that end before they begin': safetensors({ a: tensor([4], [16, 0]) }),
  'a million weights': safetensors(
    `{${Array.from({ length: 200_000 }, (_, i) => `"w${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
  ),
  'weights of no kind': safetensors({ a: { dtype: 'X99', shape: [1], data_offsets: [0, 4] }, __metadata__: 5 }),
  'a header that is a text': safetensors(`"${'x'.repeat(20_000_000)}"`),
};
