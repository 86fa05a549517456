/**
 * The check of a machine with a GPU: parity with the CPU, what the device is asked to do, speed, memory. One JSON file.
 *   check [--out gpu-check.json] [--devices webgpu,cuda] [--shapes SmolLM2-135M,Qwen3-0.6B] [--minutes 10] [--threads n]
 *         [--python python3] [--checkpoints <folder>] [--cases parity,counts,…]
 * Each case runs in a process of its own, and the file is written after each, so that one that breaks or a machine that
 * is taken away costs only its own number. What no time was left for is listed under `left`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { DeviceName } from '../../../engine/protocol/devices.ts';
import { deviceNamed } from '../../../engine/runtime/devices/index.ts';
import { onnxruntimeVersion } from '../../../engine/runtime/devices/onnxruntime.ts';
import { huggingFaceShape, type ShapeName } from '../../support/model-shapes.ts';
import { CASE_NAMES, runCase, WAY_NAMES } from './cases.ts';
import { describeGpus } from './gpu.ts';

const SELF = fileURLToPath(import.meta.url);
/** The name of what Python measures, among the cases. */
const PYTORCH_CASE = 'pytorch';
const ALL_CASES = [...CASE_NAMES, PYTORCH_CASE, ...WAY_NAMES] as const;
const PYTORCH = path.join(path.dirname(SELF), 'pytorch_cuda.py');
/** How much of the whole time a case may take, and the seconds that must be left for one to begin. */
const MAX_TIME_SHARE = 1 / 4;
const MIN_SECONDS_LEFT = 10;

type Outcome = { failed: string } | Record<string, unknown>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'gpu-check.json' },
      devices: { type: 'string', default: 'webgpu,cuda' },
      shapes: { type: 'string', default: 'SmolLM2-135M,Qwen3-0.6B' },
      minutes: { type: 'string', default: '10' },
      threads: { type: 'string', default: `${Math.min(8, os.availableParallelism())}` },
      python: { type: 'string', default: 'python3' },
      checkpoints: { type: 'string' },
      cases: { type: 'string', default: ALL_CASES.join() },
    },
  });
  const seconds = 60 * Number(values.minutes);
  const deadline = performance.now() + 1000 * seconds;
  const secondsLeft = () => (deadline - performance.now()) / 1000;
  const folder = values.checkpoints ?? mkdtempSync(path.join(os.tmpdir(), 'rollscope-gpu-check-'));
  const shapes = values.shapes.split(',') as ShapeName[];
  const cases = values.cases.split(',');
  const unknown = cases.filter((name) => !ALL_CASES.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(`--cases: no case '${unknown.join(', ')}'; there are: ${ALL_CASES.join(', ')}.`);
  const asked = <T extends string>(names: readonly T[]) => names.filter((name) => cases.includes(name));
  const left: string[] = [];
  const result = {
    date: new Date().toISOString(),
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: os.cpus()[0]?.model ?? null,
      cores: os.availableParallelism(),
      memoryBytes: os.totalmem(),
      node: process.versions.node,
      onnxruntime: onnxruntimeVersion(),
    },
    gpus: await describeGpus(),
    devices: {} as Record<string, unknown>,
    pytorch: {} as Record<string, Outcome>,
    left,
  };
  const write = () => writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);

  /** Runs a program that prints one JSON line. */
  const measured = async (what: string, program: string, args: readonly string[]): Promise<Outcome | null> => {
    if (secondsLeft() < MIN_SECONDS_LEFT) {
      left.push(what);
      return null;
    }
    const begin = performance.now();
    const outcome = await lastLine(program, args, Math.min(MAX_TIME_SHARE * seconds, secondsLeft()));
    const took = ((performance.now() - begin) / 1000).toFixed(1);
    console.log(`${what}: ${took} s${'failed' in outcome ? `, failed: ${outcome.failed}` : ''}`);
    return outcome;
  };

  const found: Record<string, Record<string, Record<string, Outcome>>> = {};
  try {
    for (const device of values.devices.split(',') as DeviceName[]) {
      const missing = deviceNamed(device).missingFiles();
      if (missing.length > 0) {
        result.devices[device] = { failed: `not there: ${missing.join(', ')}` };
        continue;
      }
      found[device] = {};
      result.devices[device] = found[device];
    }
    const run = async (device: string, shape: ShapeName, name: string) => {
      const args = [SELF, 'case', device, name, shape, values.threads, folder];
      const outcome = await measured(`${device}, ${shape}, ${name}`, process.execPath, args);
      if (outcome) found[device]![shape] = { ...found[device]![shape], [name]: outcome };
      write();
    };
    for (const device of Object.keys(found))
      for (const shape of shapes) for (const name of asked(CASE_NAMES)) await run(device, shape, name);
    for (const shape of asked([PYTORCH_CASE]).length > 0 ? shapes : []) {
      const args = [PYTORCH, JSON.stringify(huggingFaceShape(shape))];
      const outcome = await measured(`PyTorch CUDA, ${shape}`, values.python, args);
      if (outcome) result.pytorch[shape] = outcome;
      write();
    }
    // Last, since what matters most comes first where the time is short.
    for (const device of Object.keys(found)) for (const name of asked(WAY_NAMES)) await run(device, shapes[0]!, name);
  } finally {
    if (!values.checkpoints) rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${path.resolve(values.out)}`);
}

function lastLine(program: string, args: readonly string[], seconds: number): Promise<Outcome> {
  const options = { timeout: seconds * 1000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26, encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (error?.killed) resolve({ failed: `longer than ${Math.round(seconds)} s` });
      else if (error) resolve({ failed: stderr.trim().slice(-1500) || error.message });
      else resolve(JSON.parse(line) as Outcome);
    });
  });
}

const [command, ...rest] = process.argv.slice(2);
if (command === 'case') await runCase(rest);
else await main();
