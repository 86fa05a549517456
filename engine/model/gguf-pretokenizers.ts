/**
 * How byte-level BPE tokenizers of GGUF files split text before merging. Names are those that llama.cpp's converter
 * writes to `tokenizer.ggml.pre`; rules are those of the models' own `tokenizer.json`.
 */
import { GPT2_PATTERN, splitBy } from './pretokenizer-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

const SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
/** Letters after at most one other character, digits by `digits`, then punctuation and whitespace. */
const words = (digits: string) =>
  `${SUFFIX}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
/** Like `words`, but a change from lower to upper case starts a new word. */
const casedWords = (digits: string, suffix: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/**
 * The step of `tokenizer.json` that maps bytes to GPT-2's printable characters.
 * @param useRegex whether it also splits by GPT-2's pattern
 */
export const byteLevel = (useRegex: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const splitByAll = (...regexes: string[]) => ({
  type: 'Sequence',
  pretokenizers: [...regexes.map(splitBy), byteLevel(false)],
});
const digitByDigit = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
};

export interface PreTokenizer {
  /** In the format of `tokenizer.json`. */
  preTokenizer: object;
  normalizer: object | null;
  /** Whether a word that is a token of the vocabulary is used whole, regardless of merges. */
  ignoreMerges: boolean;
  /** Whether a text begins with the BOS token if the file does not say. */
  addsBos: boolean;
  /** Whether `<|endoftext|>` ends a response in addition to the file's EOS token, as in Qwen's own configuration. */
  endsOnText: boolean;
}

const rule = (preTokenizer: object, more: Partial<PreTokenizer> = {}): PreTokenizer => ({
  preTokenizer,
  normalizer: null,
  ignoreMerges: false,
  addsBos: false,
  endsOnText: false,
  ...more,
});

const gpt2 = rule(byteLevel(true));
const llama3 = rule(splitByAll(words('\\p{N}{1,3}')), { ignoreMerges: true, addsBos: true });
const qwen2 = rule(splitByAll(words('\\p{N}')), { normalizer: { type: 'NFC' }, endsOnText: true });
const threeDigits = rule(splitByAll(words('\\p{N}{1,3}')));
const digits = rule(digitByDigit);

const RULES = new Map<string, PreTokenizer>(
  Object.entries({
    'gpt-2': gpt2,
    'phi-2': gpt2,
    olmo: gpt2,
    mpt: gpt2,
    'roberta-bpe': gpt2,
    'llama-bpe': llama3,
    llama3,
    'llama-v3': llama3,
    falcon3: llama3,
    'falcon-h1': llama3,
    pixtral: llama3,
    lfm2: llama3,
    'midm-2.0': llama3,
    // also OLMo 2's
    dbrx: threeDigits,
    'smaug-bpe': threeDigits,
    'chatglm-bpe': threeDigits,
    glm4: threeDigits,
    qwen2,
    'deepseek-r1-qwen': qwen2,
    kormo: qwen2,
    stablelm2: rule(splitByAll(words('\\p{N}'))),
    smollm: digits,
    starcoder: digits,
    refact: digits,
    'command-r': digits,
    codeshell: digits,
    tekken: rule(splitByAll(casedWords('\\p{N}', '')), { ignoreMerges: true, addsBos: true }),
    'gpt-4o': rule(splitByAll(casedWords('\\p{N}{1,3}', `${SUFFIX}?`))),
    // llama.cpp's rule for models that its converter did not know
    default: rule(splitByAll('[\\p{P}\\$\\+<=>\\^~\\|]+', GPT2_PATTERN, '\\p{N}+', '[0-9][0-9][0-9]')),
  }),
);

/** The rule with a name; undefined if it is unknown. */
export function preTokenizerOf(name: string): PreTokenizer | undefined {
  return RULES.get(name);
}

/** The name of a tokenizer's rule: the first of several identical ones; null if none matches. */
export function preTokenizerName({ pre_tokenizer, normalizer, model }: TokenizerJson): string | null {
  const described = comparable([pre_tokenizer, normalizer ?? null]);
  const { ignore_merges: ignoreMerges = false, type } = model as { ignore_merges?: boolean; type?: string };
  if (type !== 'BPE') return null;
  const found = [...RULES].find(
    ([, rule]) => rule.ignoreMerges === ignoreMerges && comparable([rule.preTokenizer, rule.normalizer]) === described,
  );
  return found?.[0] ?? null;
}

/** A description as text, without the parts that have no effect. */
function comparable(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => {
    // Offsets are not used, and false is the default.
    if (key === 'trim_offsets' || value === false) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * The rule's name for a file without one (llama.cpp wrote none before May 2024), recognized by a token that only this
 * family's vocabulary has at this id; null if none is recognized.
 */
export function recognizedPreTokenizer(tokens: readonly string[]): string | null {
  return FAMILIES.find(({ id, token }) => tokens[id] === token)?.name ?? null;
}

const FAMILIES = [
  { id: 128000, token: '<|begin_of_text|>', name: 'llama-bpe' },
  { id: 151643, token: '<|endoftext|>', name: 'qwen2' },
  { id: 100257, token: '<|endoftext|>', name: 'dbrx' },
  { id: 50256, token: '<|endoftext|>', name: 'gpt-2' },
  // SmolLM and SmolLM2
  { id: 3, token: '<repo_name>', name: 'smollm' },
] as const;
