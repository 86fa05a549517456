/** GGUF files that are right in all but one or two places: counts, lengths, types, offsets, alignments, strings, values. */
import type { Random } from './mutate.ts';

/** A value with ggml's number of its type; of a list, with that of its elements. */
interface Value {
  type: number;
  of?: number;
  value: unknown;
}
interface Tensor {
  name: string;
  shape: number[];
  type: number;
  offset: number;
  bytes: number;
}
interface Parts {
  magic: string;
  version: number;
  metadata: [key: string, value: Value][];
  tensors: Tensor[];
  alignment: number;
}

const [U8, I32, U32, F32, BOOL, TEXT, LIST] = [0, 5, 4, 6, 7, 8, 9] as const;
/** ggml's types of tensors: bytes of a block of 32 weights. */
const BLOCKS = new Map<number, number>([
  ...([
    [0, 128],
    [1, 64],
    [2, 18],
    [3, 20],
    [6, 22],
    [7, 24],
    [8, 34],
  ] as const),
]);
const [HIDDEN, VOCABULARY] = [32, 12];

const text = (value: string): Value => ({ type: TEXT, value });
const count = (value: number): Value => ({ type: U32, value });
const list = (of: number, value: unknown[]): Value => ({ type: LIST, of, value });

/** A llama of one layer, with a tokenizer of the kind `gpt2` or `llama`. */
function whole(kind: 'gpt2' | 'llama'): Parts {
  const tokens = ['<unk>', '<s>', '</s>', ...'0123456'.split(''), '+', '01'].slice(0, VOCABULARY);
  const types = tokens.map((_, i) => (i < 3 ? 3 : 1));
  const metadata: Parts['metadata'] = [
    ['general.architecture', text('llama')],
    ['general.alignment', count(32)],
    ['llama.context_length', count(64)],
    ['llama.embedding_length', count(HIDDEN)],
    ['llama.block_count', count(1)],
    ['llama.feed_forward_length', count(HIDDEN)],
    ['llama.attention.head_count', count(2)],
    ['llama.attention.head_count_kv', count(2)],
    ['llama.rope.dimension_count', count(16)],
    ['llama.attention.layer_norm_rms_epsilon', { type: F32, value: 1e-5 }],
    ['llama.vocab_size', count(VOCABULARY)],
    ['tokenizer.ggml.model', text(kind)],
    ['tokenizer.ggml.tokens', list(TEXT, tokens)],
    ['tokenizer.ggml.token_type', list(I32, types)],
    ['tokenizer.ggml.bos_token_id', count(1)],
    ['tokenizer.ggml.eos_token_id', count(2)],
    ['tokenizer.ggml.add_bos_token', { type: BOOL, value: true }],
    ['tokenizer.chat_template', text('{% for m in messages %}{{ m.content }}{% endfor %}')],
    ...(kind === 'gpt2'
      ? ([
          ['tokenizer.ggml.pre', text('default')],
          ['tokenizer.ggml.merges', list(TEXT, ['0 1'])],
        ] as const)
      : ([
          [
            'tokenizer.ggml.scores',
            list(
              F32,
              tokens.map((_, i) => -i),
            ),
          ],
        ] as const)),
  ].map(([key, value]) => [key as string, value as Value]);
  const named: [string, number[], number][] = [
    ['token_embd.weight', [VOCABULARY, HIDDEN], 8],
    ['output_norm.weight', [HIDDEN], 0],
    ...['attn_norm', 'ffn_norm'].map((name): [string, number[], number] => [`blk.0.${name}.weight`, [HIDDEN], 0]),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'].map(
      (name, i): [string, number[], number] => [`blk.0.${name}.weight`, [HIDDEN, HIDDEN], [0, 1, 2, 3, 6, 7, 8][i]!],
    ),
  ];
  let offset = 0;
  const tensors = named.map(([name, shape, type]): Tensor => {
    const bytes = (shape.reduce((a, b) => a * b, 1) / 32) * BLOCKS.get(type)!;
    const tensor = { name, shape, type, offset, bytes };
    offset = Math.ceil((offset + bytes) / 32) * 32;
    return tensor;
  });
  return { magic: 'GGUF', version: 3, metadata, tensors, alignment: 32 };
}

/** What is written instead of the number of elements, the length of a text, the number of tensors or of values. */
type Claim = (actual: number) => number;

function encode({ magic, version, metadata, tensors, alignment }: Parts, claim: Claim): Buffer {
  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const u64 = (value: number) => Buffer.from(BigUint64Array.of(BigInt.asUintN(64, BigInt(Math.trunc(value)))).buffer);
  const string = (value: unknown) => {
    const bytes = Buffer.from(String(value));
    return Buffer.concat([u64(claim(bytes.length)), bytes]);
  };
  const encoded = ({ type, of = U8, value }: Value): Buffer => {
    const number = typeof value === 'number' ? value : Number(Boolean(value));
    if (type === LIST) {
      const items = Array.isArray(value) ? value : [];
      return Buffer.concat([
        u32(of),
        u64(claim(items.length)),
        ...items.map((item) => encoded({ type: of, value: item })),
      ]);
    }
    if (type === TEXT) return string(value);
    if (type === F32) return Buffer.from(Float32Array.of(number).buffer);
    if (type === 12) return Buffer.from(Float64Array.of(number).buffer);
    if (type === 10 || type === 11) return u64(number);
    if (type === U8 || type === 1 || type === BOOL) return Buffer.from([number]);
    if (type === 2 || type === 3) return Buffer.from(Uint16Array.of(number).buffer);
    return u32(number);
  };
  const header = Buffer.concat([
    Buffer.from(magic),
    u32(version),
    u64(claim(tensors.length)),
    u64(claim(metadata.length)),
    ...metadata.map(([key, value]) => Buffer.concat([string(key), u32(value.type), encoded(value)])),
    ...tensors.map(({ name, shape, type, offset }) =>
      Buffer.concat([string(name), u32(claim(shape.length)), ...[...shape].reverse().map(u64), u32(type), u64(offset)]),
    ),
  ]);
  const data = Math.max(0, ...tensors.map(({ offset, bytes }) => Math.min(2 ** 16, offset + bytes)));
  const padding = Math.ceil(header.length / alignment) * alignment - header.length;
  return Buffer.concat([header, Buffer.alloc(padding + data, 7)]);
}

const NUMBERS = [0, 1, 2, 3, 7, 31, 33, 255, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53, 2 ** 63, -1];
const TEXTS = [
  '',
  '__proto__',
  'constructor',
  'general.architecture',
  '\u0000',
  '\ud800',
  '../../x',
  'llama.block_count',
  '{{',
  'x'.repeat(5000),
];
const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 255];

/** The file as it should be, for a test that it is read. */
export function wholeGguf(kind: 'gpt2' | 'llama'): Buffer {
  return encode(whole(kind), (actual) => actual);
}

/** One to three places of a GGUF file are changed, the rest follows from them. */
export function mutateGguf(random: Random): Buffer {
  const parts = whole(random.pick(['gpt2', 'llama'] as const));
  let claims = 0;
  for (let times = 1 + random.below(3); times > 0; times--) {
    const number = random.pick(NUMBERS);
    const tensor = random.pick(parts.tensors);
    const at = random.below(parts.metadata.length);
    const [key, value] = parts.metadata[at]!;
    switch (random.below(14)) {
      case 0:
        tensor.offset = number;
        break;
      case 1:
        tensor.type = random.pick([...TYPES, 14, 20, 30, 39]);
        break;
      case 2:
        tensor.shape = tensor.shape.map((size) => (random.below(2) === 0 ? number : size));
        break;
      case 3:
        tensor.shape = Array.from({ length: random.below(6) }, () => random.pick([0, 1, 32, number]));
        break;
      case 4:
        tensor.name = random.pick([...TEXTS, ...parts.tensors.map(({ name }) => name)]);
        break;
      case 5:
        parts.tensors = parts.tensors.filter((entry) => entry !== tensor || parts.tensors.length === 1);
        break;
      case 6:
        parts.alignment = random.pick([1, 7, 32, 64, 4096]);
        break;
      case 7:
        parts.metadata.splice(at, 1);
        break;
      case 8:
        parts.metadata[at] = [random.pick(TEXTS), value];
        break;
      case 9:
        // the same bytes by another type, or another value
        parts.metadata[at] = [key, { ...value, type: random.pick(TYPES) }];
        break;
      case 10:
        if (value.type === LIST) parts.metadata[at] = [key, { ...value, of: random.pick(TYPES) }];
        else parts.metadata[at] = [key, { ...value, value: value.type === TEXT ? random.pick(TEXTS) : number }];
        break;
      case 11:
        if (Array.isArray(value.value)) {
          const items = [...value.value];
          const place = random.below(items.length);
          items.splice(place, random.below(3), value.of === TEXT ? random.pick(TEXTS) : number);
          parts.metadata[at] = [key, { ...value, value: items }];
        } else parts.metadata[at] = [key, list(random.pick([TEXT, I32, F32]), [1, '2', number])];
        break;
      case 12:
        parts.version = random.pick([1, 2, 3, 4, number >>> 0]);
        break;
      default:
        claims++;
    }
  }
  // which of the counts and lengths are lies
  const lies = new Set(Array.from({ length: claims }, () => random.below(90)));
  let i = 0;
  return encode(parts, (actual) => (lies.has(i++) ? random.pick([...NUMBERS, actual - 1, actual + 1]) : actual));
}
