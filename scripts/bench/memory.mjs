// `npm run bench -- memory`: peak memory on random checkpoints of real shapes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../install.mjs';
import { bundle, mb, measure } from './measure.mjs';

/** Of a measured case: what the estimate is computed from, and what is compared with it. */
const MEMORY_FIELDS = [
  ...['shape', 'layers', 'prompt', 'maxTokens', 'precision', 'trains', 'layered'],
  ...['limitBytes', 'peakBytes', 'sampledRows', 'trainedRows'],
];

/**
 * Peak memory of sampling and training, next to the estimate that refuses a run: first the least that is not refused, in the
 * order of the README's table, then 8 rollouts within a limit. `tests/bench/memory.ts` says what of it is computed. Each
 * result is written into `tests/bench/memory-measured.json`, which a test compares with the formula; `--only` measures the
 * cases whose names contain a text.
 */
export async function peaks(values) {
  const program = await bundle('memory.ts');
  const file = path.join(root, 'tests', 'bench', 'memory-measured.json');
  const machine = `${os.cpus()[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  console.log(
    '\n| LoRA r16, prompt of 200 | limit | estimate | peak: rollouts | forward | backward | optimizer | CPU time |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { name, args } of memoryCases(values.threads).filter(
    ({ name }) => !values.only || name.includes(values.only),
  )) {
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

/** What is measured: names, and arguments of `tests/bench/memory.ts`. @param threads of onnxruntime */
function memoryCases(threads) {
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
      args: [shape, threads, 200, length, 8, ...more],
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
    args: [shape, threads, 200, length, 8, '--limit', limit, ...more],
  }));
  return [...least, ...goals];
}
