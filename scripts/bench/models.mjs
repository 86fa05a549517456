// The cases on a model: sampling, gradients and whole steps against PyTorch, transformers, TRL and llama.cpp.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../install.mjs';
import { bundle, hasModules, inTemporaryFolder, measure, median } from './measure.mjs';

/**
 * Name, description, arguments, and targets: smallest speed ratio, largest memory ratio. @param problems file of prompts
 */
const casesOf = (problems) => [
  ...[1, 8, 32, 64].map((batch) => ({
    name: `decode-${batch}`,
    what: `sampled decode, prompt 150, 128 new, batch ${batch}`,
    ours: ['decode', 150, 128, batch],
    narrow: batch <= 8 ? ['4bit', '4bit/8bit', '8bit', '8bit/8bit', 'float16'] : [],
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
    ours: ['grpo', 4, 8, 128, problems],
    peer: ['grpo.py', 4, 8, 128, problems],
    against: 'TRL GRPOTrainer',
    faster: 2,
    smaller: 0.5,
  },
];

/** The peer that multiplies with the file's own blocks. Its prompts are not timed. */
const LLAMA = 'llama.cpp';

/** The names of the cases. */
export const MODEL_CASES = casesOf('').map(({ name }) => name);

/** Cases of sampling and training, in turns with their peers. @param wanted whether a case is measured, by its name */
export async function models(values, wanted) {
  const program = await bundle('ours.ts');
  const withPeers = hasModules(values.python, 'torch, transformers, peft, trl, gguf');
  if (!withPeers)
    console.log(`${values.python} cannot import torch, transformers, peft, trl and gguf: no peers, no ratios.\n`);
  console.log('| work | baseline | Rollscope | baseline | speed | memory |\n| --- | --- | --- | --- | --- | --- |');
  for (const one of casesOf(values.problems).filter(({ name }) => wanted(name)))
    compare(values, program, one, withPeers);
}

/** Measures all sides of a case in turns: Rollscope, with a narrower base where that is asked for, and its peers. */
function compare(values, program, one, withPeers) {
  const sides = [{ side: mine(values, program, one) }, ...peersOf(values, one, withPeers)];
  const narrow = one.narrow ?? [];
  for (const precision of narrow) sides.push({ precision, side: mine(values, program, one, precision) });
  // What llama.cpp does: the base alone, from the end of the prompt on.
  const plain = sides.some(({ against }) => against === LLAMA) ? ['float32', ...narrow] : [];
  for (const precision of plain)
    sides.push({ precision, plain: true, side: mine(values, program, one, precision, 'no-adapter') });
  const rounds = sides.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, { side }] of sides.entries()) rounds[i].push(measure(...side));
  const found = rounds.map(median);
  const [ours] = found;
  if (!withPeers) print(one, ours, null);
  const llama = found[sides.findIndex(({ against }) => against === LLAMA)];
  for (const [i, { against, precision, plain }] of sides.entries()) {
    const [base, activations] = precision?.split('/') ?? [];
    const what = `${one.what}, base in ${base}${activations ? `, activations in ${activations}` : ''}`;
    if (plain) print({ what: `${what}, no adapter, prompt not timed`, against: LLAMA }, withoutPrompt(found[i]), llama);
    else if (precision) print({ what, against: 'Rollscope in float32' }, found[i], ours);
    else if (against && against !== LLAMA) print({ ...one, against }, ours, found[i]);
  }
}

/** The times of decoding alone. */
function withoutPrompt({ seconds, tokensPerSecond, decodeSeconds, decodeCpuSeconds, ...others }) {
  const times = { seconds: decodeSeconds, cpuSeconds: decodeCpuSeconds };
  return { ...others, ...times, tokensPerSecond: (tokensPerSecond * seconds) / decodeSeconds };
}

/** Program and arguments of Rollscope's side. */
function mine({ model, threads }, program, { ours: [kind, ...args] }, ...more) {
  return [process.execPath, [program, kind, model, threads, ...args, ...more]];
}

/** Those of the baselines: PyTorch, and llama.cpp where the folder of environments that has node-llama-cpp is named. */
function peersOf(
  { python, model, threads, llama },
  { against, peer: [script, ...rest], ours: [kind, ...args] },
  withPeers,
) {
  const file = (name) => path.join(root, 'tests', 'bench', 'peers', name);
  const found = withPeers ? [{ against, side: [python, [file(script), model, threads, ...rest]] }] : [];
  if (!llama || kind !== 'decode') return found;
  const options = [path.join(path.resolve(llama), 'llama'), path.resolve(model), threads, ...args];
  return [...found, { against: LLAMA, side: [process.execPath, [file('llama.mjs'), ...options]] }];
}

/** Decodes 8 rollouts alone and beside two programs that use a core each, with two threads and with as many as have a core. */
export async function neighbor(values) {
  const program = await bundle('ours.ts');
  const rows = [
    ['alone, 2 threads', 0, 2],
    ['alone, --threads 0', 0, 0],
    ['beside two, 2 threads', 2, 2],
    ['beside two, --threads 0', 2, 0],
  ];
  const found = rows.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, [, others, threads]] of rows.entries()) {
      const busy = Array.from({ length: others }, () => spawn(process.execPath, ['-e', 'for(;;);']));
      try {
        found[i].push(measure(process.execPath, [program, 'decode', values.model, threads, 150, 128, 8]));
      } finally {
        for (const one of busy) one.kill('SIGKILL');
      }
    }
  }
  console.log('\n| decode, batch 8 | tokens/s | multiple of the time alone | CPU time |\n| --- | --- | --- | --- |');
  const [alone] = found.map(median);
  for (const [i, [what]] of rows.entries()) {
    const { seconds, cpuSeconds, tokensPerSecond } = median(found[i]);
    const factor = (seconds / alone.seconds).toFixed(2);
    console.log(`| ${what} | ${tokensPerSecond.toFixed(0)} | ${factor} | ${cpuSeconds.toFixed(1)} s |`);
  }
}

/** One step of `rollscope train` as a user runs it, within a limit of 4 GB. */
export async function wholeStep(values) {
  await inTemporaryFolder((out) => {
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
  });
}

function print({ what, against, faster, smaller }, ours, peer) {
  const shown = ({ seconds, cpuSeconds, peakBytes, tokensPerSecond, samplingSeconds, ownShare }) =>
    [
      tokensPerSecond ? `${tokensPerSecond.toFixed(0)} tokens/s` : `${seconds.toFixed(1)} s`,
      cpuSeconds && `${cpuSeconds.toFixed(1)} s of CPU time`,
      samplingSeconds && `${samplingSeconds.toFixed(1)} sampling`,
      ownShare && `${(100 * ownShare).toFixed(1)}% outside onnxruntime`,
      `${(peakBytes / 2 ** 30).toFixed(1)} GB`,
    ]
      .filter(Boolean)
      .join(', ');
  const goal = (ratio, bound, met) =>
    `${ratio.toFixed(2)}${bound ? ` (target ${bound.toFixed(2)}: ${met ? 'met' : 'missed'})` : ''}`;
  const speed = peer && peer.seconds / ours.seconds;
  const cpu =
    peer?.cpuSeconds && ours.cpuSeconds ? `, ${(peer.cpuSeconds / ours.cpuSeconds).toFixed(2)} by CPU time` : '';
  const memory = peer && ours.peakBytes / peer.peakBytes;
  const cells = peer
    ? [shown(peer), goal(speed, faster, speed >= faster) + cpu, goal(memory, smaller, memory <= smaller)]
    : ['-', '-', '-'];
  console.log(`| ${[what, against, shown(ours), ...cells].join(' | ')} |`);
}
