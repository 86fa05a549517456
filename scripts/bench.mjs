#!/usr/bin/env node
// `npm run bench`: Rollscope against PyTorch, transformers, TRL and Math-Verify on the same machine, in the same run,
// alternating.
//   npm run bench -- [--model <file.gguf>] [--problems <file.jsonl>] [--datasets <folder>] [--python <path>]
//                    [--threads 2] [--rounds 2] [--llama <folder of environments>] [--former <checkout of 995e2a0>] [--megabytes 1000] [case…]
//   npm run bench -- panel [--rounds 3]   the panel in a browser; not among those that run without a name
//   npm run bench -- return               the panel of a real VS Code, hidden and shown again; neither
//   npm run bench -- gpu [--archive <file.tar.xz> | options of tests/bench/gpu/check.ts]
// Without Python only Rollscope's own numbers are printed. Cases: see below.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packGpuCheck, runGpuCheck } from './gpu-check.mjs';
import { fail, prepare, root } from './install.mjs';

// It has options of its own.
if (process.argv[2] === 'gpu') await gpu(process.argv.slice(3));

const shared = path.join(root, '..', 'shared');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: path.join(shared, 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf') },
    problems: { type: 'string', default: path.join(shared, 'datasets', 'gsm8k-test.jsonl') },
    datasets: { type: 'string', default: path.join(shared, 'datasets') },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    threads: { type: 'string', default: `${Math.min(2, os.cpus().length)}` },
    rounds: { type: 'string', default: '2' },
    former: { type: 'string' },
    llama: { type: 'string' },
    only: { type: 'string' },
    megabytes: { type: 'string', default: '1000' },
  },
});

/** Name, description, arguments, and targets: smallest speed ratio, largest memory ratio. */
const CASES = [
  ...[1, 8, 32, 64].map((batch) => ({
    name: `decode-${batch}`,
    what: `sampled decode, prompt 150, 128 new, batch ${batch}`,
    ours: ['decode', 150, 128, batch],
    peer: ['decode.py', 150, 128, batch],
    against: 'transformers generate',
    faster: 2,
  })),
  {
    name: 'gradient',
    what: 'LoRA r16 gradient, 8 x 280 tokens, loss on all',
    ours: ['gradient', 2, 278, 8],
    peer: ['gradient.py', 2, 278, 8],
    against: 'PyTorch eager',
    faster: 1 / 0.7,
    smaller: 0.5,
  },
  {
    name: 'gradient-responses',
    what: 'LoRA r16 gradient, 8 prompts of 152, a response of 128 each',
    ours: ['gradient', 152, 128, 8],
    peer: ['gradient.py', 152, 128, 8],
    against: 'PyTorch eager, logits of responses only',
  },
  {
    name: 'gradient-group',
    what: 'LoRA r16 gradient, 1 prompt of 152, 8 responses of 128',
    ours: ['group', 152, 128, 8],
    peer: ['gradient.py', 152, 128, 8],
    against: 'PyTorch eager, logits of responses only, the prompt repeated',
  },
  {
    name: 'grpo',
    what: 'GRPO step, 4 problems x 8 rollouts x 128 tokens, LoRA r16',
    ours: ['grpo', 4, 8, 128, values.problems],
    peer: ['grpo.py', 4, 8, 128, values.problems],
    against: 'TRL GRPOTrainer',
    faster: 2,
    smaller: 0.5,
  },
];

/** Rollouts per group, tokens per rollout, and the reward, for `group-path`. */
const GROUPS = [
  [8, 16, 'majority-vote'],
  [32, 16, 'majority-vote'],
  [16, 128, 'majority-vote'],
  [16, 128, 'self-certainty'],
];

/** What the panel's benchmark promises: of frames, the median and the 99th percentile of their work. */
const FRAME = { median: 16, p99: 50 };

/** Name in the results, title, most milliseconds. */
const PANEL_TIMES = [
  ['firstEver', 'first paint, for the first time', 10_000],
  ['first', 'first paint', 1000],
  ['back', 'the page loaded again, as in a moved panel', null],
  ['next', 'another rollout', null],
];
const PANEL_FRAMES = [
  ['scrub', 'scrubbing'],
  ['filter', 'filtering'],
  ['scrollList', 'scrolling the problems'],
  ['walk', 'a problem a frame'],
  ['scrollResponse', 'scrolling the response'],
  ['jump', 'over the map of the response'],
  ['shade', 'another shading a frame'],
];

/** Of a measured case: what the estimate is computed from, and what is compared with it. */
const MEMORY_FIELDS = [
  ...['shape', 'layers', 'prompt', 'maxTokens', 'precision', 'trains', 'layered'],
  ...['limitBytes', 'peakBytes', 'sampledRows', 'trainedRows'],
];

await prepare().catch((error) => fail(error.message));
const wanted = (name) => positionals.length === 0 || positionals.some((p) => name.startsWith(p));
const chosen = CASES.filter(({ name }) => wanted(name));
if (
  chosen.length === 0 &&
  !wanted('step') &&
  !wanted('grading') &&
  !wanted('runs') &&
  !wanted('group-path') &&
  !wanted('list') &&
  !wanted('import') &&
  !wanted('memory') &&
  !wanted('panel') &&
  !wanted('return')
)
  fail(
    `Available cases: ${CASES.map(({ name }) => name).join(', ')}, step, grading, runs, list, group-path, import, memory, panel, return, gpu.`,
  );
for (const file of chosen.length > 0 || wanted('step') ? [values.model, values.problems] : [])
  if (!fs.existsSync(file)) fail(`${file} does not exist. Choose a file with --model or --problems.`);
const program = await bundle('ours.ts');
const has = (modules) => spawnSync(values.python, ['-c', `import ${modules}`]).status === 0;
const withPeers = chosen.length > 0 && has('torch, transformers, peft, trl, gguf');
if (chosen.length > 0 && !withPeers)
  console.log(`${values.python} cannot import torch, transformers, peft, trl and gguf: no peers, no ratios.\n`);

console.log(`${os.cpus()[0].model}, ${values.threads} threads, medians of ${values.rounds} alternating rounds\n`);
if (chosen.length > 0)
  console.log('| work | baseline | Rollscope | baseline | speed | memory |\n| --- | --- | --- | --- | --- | --- |');
for (const one of chosen) {
  const ours = [];
  const peers = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const [kind, ...args] = one.ours;
    ours.push(measure(process.execPath, [program, kind, values.model, values.threads, ...args]));
    if (!withPeers) continue;
    const [script, ...rest] = one.peer;
    const file = path.join(root, 'tests', 'bench', 'peers', script);
    peers.push(measure(values.python, [file, values.model, values.threads, ...rest]));
  }
  print(one, median(ours), peers.length > 0 ? median(peers) : null);
  if (values.llama && one.ours[0] === 'decode') withLlama(one, median(ours));
}

if (wanted('step')) wholeStep();
if (wanted('grading')) await grading();
if (wanted('runs')) await largeRun();
if (wanted('list')) await manyRuns();
if (wanted('group-path')) await groupPath();
if (wanted('import')) await importing();
if (wanted('memory')) await peaks();
if (positionals.includes('panel')) await panel();
if (positionals.includes('return')) await returning();

/** The same file in llama.cpp, from the folder of environments that has node-llama-cpp. */
function withLlama({ what, ours: [, ...args] }, ours) {
  const file = path.join(root, 'tests', 'bench', 'peers', 'llama.mjs');
  const environment = path.join(path.resolve(values.llama), 'llama');
  const model = path.resolve(values.model);
  const peers = Array.from({ length: Number(values.rounds) }, () =>
    measure(process.execPath, [file, environment, model, values.threads, ...args]),
  );
  print({ what, against: 'llama.cpp' }, ours, median(peers));
}

/** `gpu [--archive <file.tar.xz>]`, or `gpu <options of the check>`. Does not return. */
async function gpu(args) {
  await prepare().catch((error) => fail(error.message));
  const program = await bundle(path.join('gpu', 'check.ts'));
  if (args[0] !== '--archive') process.exit(runGpuCheck(program, args));
  await packGpuCheck(args[1] ?? 'rollscope-gpu-check.tar.xz', program).catch((error) => fail(error.message));
  process.exit();
}

/**
 * Peak memory of sampling and training, next to the estimate that refuses a run: first the least that is not refused, in the
 * order of the README's table, then 8 rollouts within a limit. `tests/bench/memory.ts` says what of it is computed. Each
 * result is written into `tests/bench/memory-measured.json`, which a test compares with the formula; `--only` measures the
 * cases whose names contain a text.
 */
async function peaks() {
  const program = await bundle('memory.ts');
  const file = path.join(root, 'tests', 'bench', 'memory-measured.json');
  const machine = `${os.cpus()[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  console.log(
    '\n| LoRA r16, prompt of 200 | limit | estimate | peak: rollouts | forward | backward | optimizer | of the CPU |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { name, args } of memoryCases().filter(({ name }) => !values.only || name.includes(values.only))) {
    const found = measure(process.execPath, [program, ...args]);
    const { cases = [], ...rest } = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
    const date = new Date().toISOString().slice(0, 10);
    const result = Object.fromEntries(MEMORY_FIELDS.map((field) => [field, found[field]]));
    const all = [...cases.filter((one) => one.name !== name), { name, date, machine, ...result }];
    fs.writeFileSync(file, `${JSON.stringify({ ...rest, cases: all }, null, 2)}\n`);
    const cell = (bytes) => (bytes ? mb(bytes) : '-');
    const { rollouts, forward, backward, optimizer } = found.peaks;
    console.log(
      `| ${[name, mb(found.limitBytes), mb(found.neededBytes), ...[rollouts, forward, backward, optimizer].map(cell)].join(' | ')} | ${(found.samplingCpuSeconds + found.updateCpuSeconds).toFixed(0)} s |`,
    );
  }
}

/** What is measured: names, and arguments of `tests/bench/memory.ts`. */
function memoryCases() {
  const shapes = ['SmolLM2-135M', 'SmolLM2-360M', 'Qwen2.5-0.5B', 'Qwen3-0.6B', 'Qwen3-1.7B'];
  const kinds = [
    ['LoRA, 200 new', 200],
    ['LoRA, 1,024 new', 1024],
    ['LoRA, 4,096 new', 4096],
    ['LoRA on 4 bits, 1,024 new', 1024, '--precision', '4bit'],
    ['all weights, 1,024 new', 1024, '--full'],
    ['probe, 1,024 new', 1024, '--probe'],
    ['LoRA on 16 bits, 1,024 new', 1024, '--precision', 'float16'],
  ];
  const least = shapes.flatMap((shape) =>
    kinds.map(([kind, length, ...more]) => ({
      name: `${shape}, ${kind}`,
      args: [shape, values.threads, 200, length, 8, ...more],
    })),
  );
  const goals = [
    ['SmolLM2-135M', 1024, 1.4],
    ['Qwen3-0.6B', 1024, 5.5],
    ['Qwen3-1.7B', 1024, 10.5],
    ['Qwen3-0.6B', 4096, 8],
    ['Qwen3-0.6B', 1024, 3.5, '--precision', '4bit'],
    ['Qwen3-1.7B', 1024, 5, '--precision', '4bit'],
  ].map(([shape, length, limit, ...more]) => ({
    name: `${[shape, ...more.slice(1)].join(', ')}, ${length.toLocaleString('en')} new, 8 rollouts within ${limit} GB`,
    args: [shape, values.threads, 200, length, 8, '--limit', limit, ...more],
  }));
  return [...least, ...goals];
}

/** The stages of a sampled group, next to those of the version before the redesign: in one process, in turns. */
async function groupPath() {
  const versions = { now: await import(await bundle('group-path.ts')) };
  if (values.former) {
    const former = path.resolve(values.former);
    const peer = await bundle(path.join('peers', 'group-path-995e2a0.mjs'), { former });
    versions.former = await import(peer);
  } else console.log('No checkout of commit 995e2a0 is named (--former): no peer, no ratios.');
  const stages = ['judge', 'score', 'write'];
  const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
  console.log('\n| rollouts x tokens, reward | stage | now | former | ratio |\n| --- | --- | --- | --- | --- |');
  for (const [size, tokens, reward] of GROUPS) {
    const groups = versions.now.sampledGroups(64, size, tokens);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
    const times = {};
    try {
      const paths = [];
      for (const [name, { openPath }] of Object.entries(versions)) {
        times[name] = Object.fromEntries(stages.map((stage) => [stage, []]));
        paths.push([name, await openPath(path.join(folder, name), groups, reward)]);
      }
      // The first rounds let the compiler do its work.
      const warm = 20;
      for (let round = 0; round < warm + 20 * Number(values.rounds); round++) {
        for (const [name, stage] of round % 2 === 0 ? paths : [...paths].reverse()) {
          let work = groups;
          for (const one of stages) {
            const begun = performance.now();
            work = work.map((group) => stage[one](group, round));
            if (round >= warm) times[name][one].push((performance.now() - begun) / groups.length);
          }
        }
      }
      for (const [, stage] of paths) await stage.close();
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
    for (const rounds of Object.values(times))
      rounds.all = rounds.judge.map((_, i) => stages.reduce((sum, s) => sum + rounds[s][i], 0));
    for (const stage of [...stages, 'all']) {
      const now = median(times.now[stage]);
      const former = times.former && median(times.former[stage]);
      const peer = former ? `${former.toFixed(3)} ms | ${(now / former).toFixed(2)}` : '- | -';
      console.log(`| ${size} x ${tokens}, ${reward} | ${stage} | ${now.toFixed(3)} ms | ${peer} |`);
    }
  }
}

/** Opens a run of 64,000 groups and a million rollouts: from its index, for the first time, and by reading all records. */
async function largeRun() {
  const reader = await bundle('runs.ts');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  try {
    const run = path.join(folder, 'large');
    const { journal } = measure(process.execPath, [reader, 'generate', run, 1000, 1000, 64, 16]);
    const kinds = ['everything', 'first', 'index', 'page'];
    const results = Object.fromEntries(kinds.map((kind) => [kind, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const kind of kinds) results[kind].push(measure(process.execPath, [reader, kind, run]));
    const [all, first, index, page] = kinds.map((kind) => median(results[kind]));
    console.log(`\nA run of 1,000 problems, 1,000 steps and 1,024,000 rollouts; journal ${mb(journal)}`);
    console.log('| opened | time | memory | compared with all records |\n| --- | --- | --- | --- |');
    const row = (name, { seconds, bytes }, target) =>
      console.log(
        `| ${name} | ${seconds.toFixed(2)} s${target ? ` (target ${target}: ${seconds <= target ? 'met' : 'missed'})` : ''} | ${mb(bytes)} | ${(all.seconds / seconds).toFixed(1)} times as fast, ${((100 * bytes) / all.bytes).toFixed(0)}% of the memory |`,
      );
    row('all records, read and folded', all);
    row('for the first time', first, 10);
    row('from the index', index, 1);
    const huge = path.join(folder, 'huge');
    const { journal: size } = measure(process.execPath, [reader, 'journal', huge, 1000, values.megabytes]);
    console.log(
      `\nA journal of ${mb(size)}, of runs without rollouts\n| opened | time | of the CPU | memory | index |`,
    );
    console.log('| --- | --- | --- | --- | --- |');
    for (const [kind, name] of [
      ['first', 'for the first time'],
      ['index', 'from the index'],
    ]) {
      const { seconds, cpu, bytes, index } = measure(process.execPath, [reader, kind, huge]);
      console.log(
        `| ${name} | ${seconds.toFixed(1)} s | ${cpu.toFixed(1)} s | ${mb(bytes)} | ${index ? mb(index) : '-'} |`,
      );
    }
    console.log(
      `\nThe panel: ${page.copy.toFixed(0)} ms to copy the columns, ${page.views.toFixed(0)} ms to view all problems`,
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The panel in headless Chromium, on runs that are written once and kept in `.cache`. */
async function panel() {
  const writer = await bundle(path.join('panel', 'runs.ts'));
  const kept = path.join(root, '.cache', 'bench-panel');
  const measurer = path.join(root, 'tests', 'bench', 'panel', 'measure.mjs');
  const runs = [
    ['1,000 problems x 1,000 steps x 64 groups', 'steps', [1000, 1000, 64, 16], 'live'],
    ['10,000 problems x 1,000 steps x 300 groups', 'steps', [10_000, 1000, 300, 4]],
    ['one problem, 64 rollouts of 32,000 tokens', 'long', [64, 32_000]],
  ];
  for (const [what, kind, sizes, live = ''] of runs) {
    const run = path.join(kept, [kind, ...sizes].join('-'));
    if (!fs.existsSync(path.join(run, 'written'))) {
      spawnSync(process.execPath, [writer, kind, run, ...sizes.map(String)], { stdio: 'inherit' });
      fs.writeFileSync(path.join(run, 'written'), '');
    }
    const rounds = Array.from({ length: Number(values.rounds) }, () =>
      measure(process.execPath, [measurer, path.join(root, 'dist', 'cli.js'), writer, kind, run, live]),
    );
    printPanel(what, rounds);
  }
}

/** The panel of a real VS Code: from the click on its tab until it is painted with what arrived meanwhile. */
async function returning() {
  const writer = await bundle(path.join('panel', 'runs.ts'));
  const sizes = ['1000', '1000', '64', '16'];
  const run = path.join(root, '.cache', 'bench-panel', ['steps', ...sizes].join('-'));
  if (!fs.existsSync(path.join(run, 'written'))) {
    spawnSync(process.execPath, [writer, 'steps', run, ...sizes], { stdio: 'inherit' });
    fs.writeFileSync(path.join(run, 'written'), '');
  }
  const env = { ...process.env, ROLLSCOPE_BENCH_RUN: run, ROLLSCOPE_BENCH_WRITER: writer };
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  spawnSync(process.execPath, [vitest, 'run', '--project', 'bench', '--disable-console-intercept'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
}

function printPanel(what, rounds) {
  const of = (name) => median(rounds.map((round) => round[name]));
  const { interval, sorting } = of('reference');
  const { preferred } = rounds[0];
  console.log(
    `\n${what}. Load of the machine ${os.loadavg()[0].toFixed(0)}${preferred ? '; host and browser go first' : ''}. References: a frame of an empty page ${interval.toFixed(1)} ms, sorting 100,000 numbers ${sorting.toFixed(0)} ms`,
  );
  console.log('| what | measured | compared with a frame, or sorting | target |\n| --- | --- | --- | --- |');
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  const state = (isMet, target) => `${target}: ${isMet ? 'met' : 'missed'}`;
  const ms = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  for (const [name, title, most] of PANEL_TIMES) {
    if (!rounds[0][name]) continue;
    const { painted, cpu } = of(name);
    row(
      title,
      cpu ? `${ms(painted)}, of the CPU ${ms(cpu)}` : ms(painted),
      (painted / sorting).toFixed(1),
      most ? state(painted <= most, ms(most)) : '-',
    );
  }
  for (const [name, title] of PANEL_FRAMES) {
    if (!rounds[0][name]) continue;
    const { median: middle, p99, cpu } = of(name);
    const text = `median ${ms(middle)}, p99 ${ms(p99)}, of the CPU ${ms(cpu)}`;
    const isMet = middle <= FRAME.median && p99 <= FRAME.p99;
    row(title, text, `${(middle / interval).toFixed(2)}, ${(p99 / interval).toFixed(2)}`, state(isMet, '16, 50 ms'));
  }
  if (rounds[0].live) {
    const { longest, p99, records } = of('live');
    const text = `${records.toFixed(0)} groups/s, longest frame ${ms(longest)}, p99 ${ms(p99)}`;
    row('while it is written', text, (longest / interval).toFixed(2), state(longest <= FRAME.p99, '50 ms'));
  }
  const { page, process: whole, host, hostPeak } = of('memory');
  row('page', `${mb(page)} of scripts, ${mb(whole)} of its process`, '-', state(page <= 150 * 2 ** 20, '150 MB'));
  row('host', `${mb(host)}, at most ${mb(hostPeak)}`, '-', state(hostPeak <= 300 * 2 ** 20, '300 MB'));
}

/** Lists 10,000 runs: the page that is shown at first and all of them, for the first time and again from what was kept. */
async function manyRuns() {
  const program = await bundle('runs.ts');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  const runs = path.join(folder, 'runs');
  const env = { ...process.env, ROLLSCOPE_CACHE: path.join(folder, 'cache') };
  const found = { page: [], all: [] };
  const seconds = (value) => `${value.toFixed(2)} s`;
  const met = (value) => (value <= 1 ? 'met' : 'missed');
  try {
    measure(process.execPath, [program, 'copies', runs, 10_000]);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [what, args] of [
        ['page', ['newest', runs, 100]],
        ['all', ['list', runs]],
      ]) {
        fs.rmSync(env.ROLLSCOPE_CACHE, { recursive: true, force: true });
        const [first, again] = [1, 2].map(() => measure(process.execPath, [program, ...args], env));
        found[what].push({ first, again });
      }
    }
    for (const [what, title] of [
      ['page', 'The newest 100 of 10,000 runs'],
      ['all', 'All of 10,000 runs'],
    ]) {
      const [first, again] = ['first', 'again'].map((name) => median(found[what].map((one) => one[name])));
      console.log(
        `\n${title}: first ${seconds(first.seconds)}, again ${seconds(again.seconds)} (target 1 s: ${met(first.seconds)} and ${met(again.seconds)}; of the CPU ${seconds(first.cpu)} and ${seconds(again.cpu)}); ${mb(again.bytes)}`,
      );
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Imports a dump as verl writes it, next to what it takes Node to read its lines and parse them. */
async function importing() {
  const program = await bundle('import.ts');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  try {
    console.log('\n| dump | rollouts | time | speed | of CPU time | memory | times readline + JSON.parse |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const [form, what] of [
      ['verl', 'verl, a file for each step'],
      ['verl-file', "one file of JSON Lines with verl's columns"],
      ['prime-rl', 'prime-rl, a file for each step, with tokens'],
      ['rl-logging-board', 'RLLoggingBoard, one file, with tokens'],
      ['trl', 'TRL, a compressed Parquet file for each step'],
    ]) {
      const isFile = form === 'verl-file' || form === 'rl-logging-board';
      const isText = form !== 'trl';
      const dump = path.join(folder, isFile ? 'dump.jsonl' : 'dump');
      measure(process.execPath, [program, 'generate', dump, values.megabytes, form]);
      const ours = [];
      const peers = [];
      for (let round = 0; round < Number(values.rounds); round++) {
        const run = path.join(folder, 'run');
        ours.push(measure(process.execPath, [program, 'import', dump, run]));
        if (isText) peers.push(measure(process.execPath, [program, 'reference', dump]));
        fs.rmSync(run, { recursive: true, force: true });
      }
      const [own, peer] = [median(ours), isText ? median(peers) : null];
      const [speed, ofCpu] = [own.seconds, own.cpu].map((seconds) => own.dump / 1e6 / seconds);
      const cells = [
        `${what}, ${(own.dump / 1e6).toFixed(0)} MB`,
        own.rollouts.toLocaleString('en'),
        `${own.seconds.toFixed(1)} s (${own.cpu.toFixed(1)} of the CPU)`,
        `${speed.toFixed(1)} MB/s (target 20: ${speed >= 20 ? 'met' : 'missed'})`,
        `${ofCpu.toFixed(1)} MB/s`,
        `${mb(own.bytes)} (target 500: ${own.bytes <= 500 * 2 ** 20 ? 'met' : 'missed'})`,
        peer ? (own.seconds / peer.seconds).toFixed(1) : '-',
      ];
      console.log(`| ${cells.join(' | ')} |`);
      fs.rmSync(dump, { recursive: true, force: true });
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function mb(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

/** Grades published GSM8K solutions and rewritten references of MATH: our grader and Math-Verify. */
async function grading() {
  if (!fs.existsSync(values.datasets)) fail(`${values.datasets} does not exist. Choose a folder with --datasets.`);
  const grader = await bundle('grading.ts');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  try {
    const file = path.join(folder, 'pairs.json');
    const made = spawnSync(process.execPath, [grader, 'pairs', values.datasets, file], { encoding: 'utf8' });
    if (made.status !== 0) fail(`The pairs could not be written:\n${made.stderr.slice(-3000)}`);
    const pairs = JSON.parse(fs.readFileSync(file, 'utf8'));
    const peer = path.join(root, 'tests', 'bench', 'peers', 'grading.py');
    const sides = { Rollscope: [process.execPath, [grader, 'grade', file]] };
    if (has('math_verify')) sides['Math-Verify'] = [values.python, [peer, file]];
    else console.log(`${values.python} cannot import math_verify: no peer, no ratio.`);
    const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, side] of Object.entries(sides)) results[name].push(measure(...side));
    const speeds = Object.values(results).map((rounds) => pairs.length / median(rounds).seconds);
    console.log(`\n| grading, ${pairs.length} pairs | pairs/s | disagreements with labels |\n| --- | --- | --- |`);
    Object.entries(results).forEach(([name, [{ verdicts }]], i) => {
      const wrong = pairs.filter(({ right }, j) => (verdicts[j] === '1') !== right).length;
      console.log(`| ${name} | ${speeds[i].toFixed(0)} | ${wrong} |`);
    });
    if (speeds.length < 2) return;
    const [ours, theirs] = Object.values(results).map(([{ verdicts }]) => verdicts);
    const apart = pairs.filter((_, j) => ours[j] !== theirs[j]).length;
    const ratio = speeds[0] / speeds[1];
    console.log(`\nSpeed ${ratio.toFixed(1)} (target 1.0: ${ratio >= 1 ? 'met' : 'missed'}), ${apart} disagreements`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** One step of `rollscope train` as a user runs it, within a limit of 4 GB. */
function wholeStep() {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'rollscope-bench-'));
  try {
    const options = '--limit 8 --batch 8 --group 8 --max-tokens 128 --steps 2 --eval-samples 0 --memory 4GB --json';
    const args = ['train', values.problems, '--model', values.model, '--threads', values.threads, '--out', out];
    const result = measure(process.execPath, [path.join(root, 'dist', 'cli.js'), ...args, ...options.split(' ')]);
    const events = fs.readFileSync(path.join(result.folder, 'events.jsonl'), 'utf8').trim().split('\n');
    const { timing } = events.map((line) => JSON.parse(line)).findLast(({ type }) => type === 'step');
    const peak = result.peakMemoryBytes;
    const parts = `${timing.rolloutSeconds.toFixed(1)} s rollouts, ${timing.updateSeconds.toFixed(1)} s update`;
    const own = `${((100 * timing.engineSeconds) / timing.seconds).toFixed(1)}% outside onnxruntime (target 10%)`;
    const memory = `${(peak / 2 ** 30).toFixed(2)} GB (limit 4.00: ${peak <= 4 * 2 ** 30 ? 'kept' : 'exceeded'})`;
    console.log(
      `\nrollscope train, 8 problems x 8 rollouts x 128 tokens, LoRA r16: ${timing.seconds.toFixed(1)} s/step`,
    );
    console.log(`(${parts}), ${own}, peak memory ${memory}`);
  } finally {
    fs.rmSync(out, { recursive: true, force: true });
  }
}

function print({ what, against, faster, smaller }, ours, peer) {
  const shown = ({ seconds, peakBytes, tokensPerSecond, samplingSeconds, ownShare }) =>
    [
      tokensPerSecond ? `${tokensPerSecond.toFixed(0)} tokens/s` : `${seconds.toFixed(1)} s`,
      samplingSeconds && `${samplingSeconds.toFixed(1)} sampling`,
      ownShare && `${(100 * ownShare).toFixed(1)}% outside onnxruntime`,
      `${(peakBytes / 2 ** 30).toFixed(1)} GB`,
    ]
      .filter(Boolean)
      .join(', ');
  const goal = (ratio, bound, met) =>
    `${ratio.toFixed(2)}${bound ? ` (target ${bound.toFixed(2)}: ${met ? 'met' : 'missed'})` : ''}`;
  const speed = peer && peer.seconds / ours.seconds;
  const memory = peer && ours.peakBytes / peer.peakBytes;
  const cells = peer
    ? [shown(peer), goal(speed, faster, speed >= faster), goal(memory, smaller, memory <= smaller)]
    : ['-', '-', '-'];
  console.log(`| ${[what, against, shown(ours), ...cells].join(' | ')} |`);
}

/** The median of each number separately. */
function median(results) {
  const middle = (xs) => {
    const sorted = [...xs].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };
  const keys = Object.keys(results[0]).filter((key) => typeof results[0][key] === 'number');
  return Object.fromEntries(keys.map((key) => [key, middle(results.map((r) => r[key]))]));
}

function measure(command, args, env = process.env) {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28, env };
  const { status, stdout, stderr } = spawnSync(command, args.map(String), options);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed:\n${stderr.slice(-3000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** `former`: the folder that imports from `former/` stand for. */
async function bundle(source, alias = {}) {
  const { build } = await import('esbuild');
  const outfile = path.join(root, '.cache', `bench-${path.basename(source, path.extname(source))}.mjs`);
  await build({
    entryPoints: [path.join(root, 'tests', 'bench', source)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    external: ['onnxruntime-node'],
    // As in scripts/build.mjs.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js', ...alias },
    logLevel: 'warning',
    outfile,
  });
  return outfile;
}
