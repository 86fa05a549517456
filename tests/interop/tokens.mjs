/**
 * Tokens of adversarial texts, compared with the PyPI package `tokenizers`:
 *
 *     node tests/interop/tokens.mjs FOLDER|FILE.gguf ... [--count 100000] [--seed 1]
 *
 * for folders with a tokenizer.json, and GGUF files (whose tokenizer is written as a tokenizer.json for the package). Needs the
 * environment `trl` of `node tests/interop/environments.mjs`. Prints each difference, at most 20 for each tokenizer, and ends with status 1
 * when there is one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..', '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});

const PYTHON = `
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
texts = json.load(open(sys.argv[2], encoding="utf-8"))
print(json.dumps([e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]))
`;

/** Numbers from 0 to below n by a seed. */
function generator(seed) {
  let state = seed >>> 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

const PIECES = [
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\n\n',
    '\u00a0',
    '\u0085',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u200b',
    '\u200d',
    '\u00ad',
  ],
  ...[
    "'s",
    "'LL",
    '’s',
    'don',
    'HELLO',
    'CamelCase',
    'ß',
    'ſ',
    'İ',
    'ı',
    'ﬁ',
    'Å',
    'A\u030a',
    'é',
    'e\u0301',
    'ñ',
    '\u0301',
  ],
  ...[
    '1',
    '12',
    '1234567',
    '٣',
    '½',
    '²',
    'Ⅷ',
    '①',
    '３',
    '0.5',
    '-7',
    '$',
    '€',
    '\\frac{1}{2}',
    '<',
    '>',
    '</s>',
    '<|',
    '|>',
  ],
  ...[
    '中文',
    '日本語',
    'かな',
    '한글',
    'ไทย',
    'हिन्दी',
    'العربية',
    'עברית',
    'Ελληνικά',
    'ΣΑΣ',
    'русский',
    '𝒳',
    '𐍈',
    '🙂',
    '👩‍👩‍👧',
    '🇫🇷',
  ],
  ...[
    '...',
    '!?',
    '--',
    '_',
    '__init__',
    '#',
    '`',
    '"',
    '(',
    ')',
    '[]',
    '{}',
    '\u0000',
    '\u0007',
    '\u007f',
    '\u0080',
    '\ufffd',
    '\ufffe',
  ],
  ...['the', ' the', 'ing', 'x', 'zzzzzz', '▁', 'Ġ', 'Ċ', '<0x0A>', '\u{10ffff}', '\ue000'],
];

function textOf(random) {
  const length = 1 + random(12);
  let text = '';
  for (let i = 0; i < length; i++) {
    // Any character but half of a pair, now and then.
    if (random(6) === 0) {
      const point = random(random(3) === 0 ? 0x110000 : 0x3000);
      text += point >= 0xd800 && point < 0xe000 ? '?' : String.fromCodePoint(point);
    } else text += PIECES[random(PIECES.length)];
  }
  return text;
}

const folder = mkdtempSync(path.join(tmpdir(), 'rollscope-tokens-'));
try {
  const entry = `
    export { readTokenizerParts } from './engine/model/tokenizer-folder.ts';
    export { createTokenizer } from './engine/model/tokenizer.ts';
    export { readGguf } from './engine/model/gguf.ts';
    export { ggufTokenizer } from './engine/model/gguf-tokenizer.ts';`;
  const bundle = path.join(folder, 'tokens.mjs');
  await build({
    stdin: { contents: entry, resolveDir: ROOT },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile: bundle, logLevel: 'error' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const engine = await import(bundle);
  const python = path.join(
    process.env.ROLLSCOPE_INTEROP ?? path.join(ROOT, '.cache', 'interop'),
    'trl',
    'bin',
    'python',
  );
  for (const source of positionals) {
    const isFolder = statSync(source).isDirectory();
    const parts = isFolder
      ? await engine.readTokenizerParts(source)
      : engine.ggufTokenizer(await engine.readGguf(source));
    const json = path.join(folder, 'tokenizer.json');
    writeFileSync(
      json,
      isFolder
        ? readFileSync(path.join(source, 'tokenizer.json'))
        : JSON.stringify({ truncation: null, padding: null, ...parts.json }),
    );
    const tokenizer = engine.createTokenizer(parts, source);
    const random = generator(Number(values.seed));
    let differences = 0;
    let done = 0;
    const total = Number(values.count);
    while (done < total) {
      const texts = Array.from({ length: Math.min(20_000, total - done) }, () => textOf(random));
      const file = path.join(folder, 'texts.json');
      writeFileSync(file, JSON.stringify(texts));
      const theirs = JSON.parse(execFileSync(python, ['-c', PYTHON, json, file], { maxBuffer: 2 ** 30 }).toString());
      texts.forEach((text, i) => {
        const ours = [...tokenizer.encode(text)];
        if (String(ours) === String(theirs[i])) return;
        if (differences++ < 20) console.log(`${source}: ${JSON.stringify(text)}: ${ours} instead of ${theirs[i]}`);
      });
      done += texts.length;
    }
    console.log(`${source}: ${differences} differences in ${done} texts`);
    if (differences > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
