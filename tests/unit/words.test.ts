/** Texts, docs and comments name things as the field does: the phrases here have better ones, and stay away. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../engine/cli/program.ts';
import { fullHelp } from '../../scripts/generate/cli-page.ts';
import { ROOT } from '../support/processes.ts';

const PHRASES: readonly [better: string, found: RegExp][] = [
  ['resume, continue', /\b(?:go|goes|going|went) on\b|\bgone on (?:with|from)\b|would have gone on\b/],
  ['default', /\bwhen absent\b|\bwhat suits the model\b/],
  ['predict, forecast', /\bforet(?:ell|ells|elling|old)\b|\bpre-?flight\b/],
  ['no alarms', /\bsaw nothing\b|\bseems to collapse\b/],
  ['confident, uncertain', /\b(?:un)?sure and (?:un)?(?:right|wrong)\b/],
  ['P(correct)', /\bright with 0\.\d/],
  ['base-rate baseline', /\bwithout skill\b/],
  ['top-1 accuracy, advantage-sign accuracy', /\bwinners? (?:right|differ)\b|\bpush right\b/],
  ['Restricted Mode', /\b(?:folder|workspace)s? that (?:is|are) not trusted\b|\buntrusted (?:folder|workspace)\b/],
  ['compute device', /\bdevice that computes\b(?! them)|\bthreads that compute\b|\bgraphics card\b/],
  ['fix, repair', /\bmend(?:s|ed|ing)?\b/],
  ['again, restart', /\banew\b/],
  ['at random', /\bby lot\b/],
  ['shut down cleanly, last output', /\btake leave\b|\blast words\b/],
  ['repeatable', /\bmay be used again\b/],
  [
    'per',
    /\b(?:nats|bytes|entropy|rollouts|problems|tokens) an? (?:(?:trained )?token|step|problem|weight|second|rollout)\b/,
  ],
  ['per', /\b1\/beta a step\b/],
  ['contains no, is not a', /\bholds? no\b|\bis no (?:folder|file|sandbox)\b/],
  ['code snippets, programs', /\bsuch codes\b/],
  ['callers, anyone, no matter who', /\bwhoever\b/],
  ['an error names it', /\brefused by name\b/],
  ['a warning is shown', /\bpeople are told\b/],
  ['anymore, no longer', /\bany more\b(?! than)/],
  ['represents', /\bspeaks? for an? (?:problem|run)\b/],
  ['silently', /\bwithout a word\b/],
  ['escaped', /\bwritten out (?:wherever|everywhere|too)\b/],
  ['CPU time', /\b(?:s|seconds|time) of the CPU\b/],
  [
    'is not a',
    /\b(?:that|which|it|they|this|these|and) (?:is|are|was) no (?!longer|more|less|larger|smaller|other)\w+/,
  ],
  [
    'after',
    /\bbehind (?:the |its |a |an )?(?:last|first|checkpoint|prompt|number|layer|response|question|record|index|end|cue)\b/,
  ],
  ['next to, in addition to', /\bbeside (?:the|it|this|that|its|them|each|any|an?)\b/],
];

/** Phrases of a kind that reads translated, which comments may still have. */
const READ: readonly [better: string, found: RegExp][] = [
  ['most likely', /\blikeliest\b/],
  ['received by the model', /\bas the model got it\b/],
  ['truncated', /\bcut short\b/],
  ['the selection', /\bwhat is selected\b/],
  ['instead of, replaces', /\b(?:in|takes?|took) the place of\b/],
  ['existing, available', /\b(?:those|columns|steps) that there are\b/],
  ['invalid', /\bthat is none\b/],
  ['assistant turn', /\bturns? of the assistant\b/],
  ['is notified of', /\b(?:hears?|heard) of\b/],
  ['is designed to', /\b(?:sets?|setting) out to\b/],
  ['is, is shown', /\bstands? (?:above|at|before|below|next|where)\b/],
  ['is determined by', /\bgoes by\b/],
  ['in Python syntax', /\bas Python prints\b/],
];

/** What texts count. */
const COUNTED =
  'token|vote|rollout|answer|response|step|cluster|judgment|rephrasing|test|point|time|group|problem|row|line|file|run';

/** This file names them. */
const SELF = path.join('tests', 'unit', 'words.test.ts');

const sources = ['engine', 'extension', 'webview', 'scripts', 'tests', 'docs']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((name) => /\.(?:ts|mjs|md)$/.test(name) && name !== SELF);
const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'package.json'];
const texts = [...sources, ...PAGES].map((file) => ({
  file,
  // A phrase may be broken over two lines, also of a comment.
  text: readFileSync(path.join(ROOT, file), 'utf8').replace(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' '),
}));

/** A test's name, or that of a group of tests. */
const NAME = /^\s*(?:(?:it|test|describe)\b[^'"`\n]*|[\])}]+(?: as const)?\))\((['"`])(.*?)(?<!\\)\1,/gm;
const names = sources
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(NAME)].map(([, , name]) => ({ file, text: name! })),
  );
const wording = readdirSync(path.join(ROOT, 'tests', 'wording'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt'))
  .map((name) => path.join('tests', 'wording', name));
const read = [
  ...names,
  ...[...wording, ...PAGES, ...sources.filter((name) => name.startsWith(`docs${path.sep}`))].map((file) => ({
    file,
    text: readFileSync(path.join(ROOT, file), 'utf8').replace(/\s+/g, ' '),
  })),
];

describe('words of texts, pages and names of tests', () => {
  test.each(READ)('%s: not %s', (_, found) => {
    expect(names.length).toBeGreaterThan(2000);
    expect(
      read.filter(({ text }) => found.test(text)).map(({ file, text }) => `${file}: ${found.exec(text)![0]}`),
    ).toEqual([]);
  });
});

describe('better words', () => {
  test.each(PHRASES)('%s: not %s', (_, found) => {
    const everywhere = new RegExp(found.source, 'gi');
    const around = (text: string, at: number) => text.slice(Math.max(0, at - 40), at + 40);
    expect(texts.length).toBeGreaterThan(500);
    const hits = texts.flatMap(({ file, text }) =>
      [...text.matchAll(everywhere)].map(({ index }) => `${file}: ${around(text, index)}`),
    );
    expect(hits).toEqual([]);
  });
});

test('a count of one is singular', () => {
  const folder = path.join(ROOT, 'tests', 'wording');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.txt'));
  expect(files.length).toBeGreaterThan(20);
  const hits = files.flatMap((name) => [
    ...readFileSync(path.join(folder, name), 'utf8').matchAll(
      new RegExp(`.*(?<![\\d.,/^-])1 (?:${COUNTED})s\\b.*`, 'g'),
    ),
  ]);
  expect(hits.map(([line]) => line)).toEqual([]);
});

test('examples in help use problems of the default run', () => {
  const embedded = readFileSync(path.join(ROOT, 'engine', 'embedded', 'problems.jsonl'), 'utf8');
  const ids = embedded
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  const named = createProgram(() => {}).commands.flatMap((command) =>
    [...fullHelp(command).matchAll(/rollscope \w+ latest .*--problem ([\w-]+)/g)].map(([, id]) => id!),
  );
  expect(named.length).toBeGreaterThan(1);
  for (const id of named) expect(ids).toContain(id);
});
