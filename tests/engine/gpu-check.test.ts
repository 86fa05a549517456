/** The prepared check of a machine with a GPU: from its archive alone, on the device in software, at the smallest size. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cleanEnvironment } from '../support/environment.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { PATIENCE } from '../support/wait.ts';
import { webgpuEnvironment } from '../support/webgpu.ts';

const environment = webgpuEnvironment();
const available =
  requireOrSkip(
    'WebGPU',
    environment !== null,
    'no Vulkan device (Debian: packages chromium-headless-shell and libvulkan1)',
  ) && requireOrSkip('the archive', `${process.platform}-${process.arch}` === 'linux-x64', 'it is made for Linux x64');

/** The others are the same at another size or precision, whose parity tests/parity/webgpu-step.test.ts checks. */
const CASES =
  'parity,counts,kernels,update,decode-8,pytorch,base in 4 bits,rollouts in 4 bits,keys and values in 8 bits';

/** Packing and the device in software take minutes on a busy machine. */
const LONG = 5 * PATIENCE;

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: LONG });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
}

describe.runIf(available)('the GPU check', () => {
  test(
    'contains everything it needs, and compares the device with the CPU',
    () => {
      const folder = temporaryFolder();
      const archive = path.join(folder, 'check.tar.xz');
      run(process.execPath, ['scripts/bench.mjs', 'gpu', '--archive', archive], ROOT, cleanEnvironment());
      expect(statSync(archive).size).toBeLessThan(60e6);
      run('tar', ['-xJf', archive], folder, cleanEnvironment());

      const home = path.join(folder, 'home');
      mkdirSync(home);
      // Neither Node nor Python is on this path.
      const env = { ...environment, HOME: home, PATH: home };
      const check = [
        '--devices',
        'webgpu,cuda',
        '--shapes',
        'tiny',
        '--threads',
        '1',
        '--minutes',
        '60',
        '--out',
        'r.json',
        '--cases',
        CASES,
      ];
      run('/bin/sh', [path.join(folder, 'rollscope-gpu-check', 'check.sh'), ...check], folder, env);
      const { devices, pytorch, gpus, machine, left } = JSON.parse(readFileSync(path.join(folder, 'r.json'), 'utf8'));
      expect(left).toEqual([]);
      expect(machine.onnxruntime).toMatch(/^\d+\.\d+\.\d+$/);
      expect(gpus.vulkanDrivers.length).toBeGreaterThan(0);
      // The package for Node has no CUDA provider, and there is no Python.
      expect(devices.cuda.failed).toContain('libonnxruntime_providers_cuda.so');
      expect(pytorch.tiny.failed).toBeTruthy();

      const { parity, counts, kernels, update, ...more } = devices.webgpu.tiny;
      const { 'base in 4 bits': blocks, ...others } = more;
      const { 'rollouts in 4 bits': mixed, 'keys and values in 8 bits': caches, ...decode } = others;
      for (const one of [parity, blocks.parity, mixed]) {
        expect(one.sameTokens).toBe(one.tokens);
        for (const ratio of one.gradientNormRatios) expect(ratio).toBeCloseTo(1, 3);
        expect(one.largestWeightDifference).toBeLessThan(2e-4);
      }
      for (const [i, mismatch] of mixed.rolloutMismatch.entries()) {
        expect(mismatch).toBeGreaterThan(0);
        expect(mismatch / mixed.rolloutMismatchOnCpu[i]).toBeCloseTo(1, 2);
      }
      expect(blocks.decode.tokensPerSecond).toBeGreaterThan(0);
      expect(blocks.update.seconds).toBeGreaterThan(0);
      expect(caches).toEqual({ supported: false, refused: expect.stringContaining('--cache-precision 8bit') });
      expect(Object.keys(decode)).toEqual(['decode-8']);
      expect(decode['decode-8'].tokensPerSecond).toBeGreaterThan(0);
      expect(update.seconds).toBeGreaterThan(0);
      // The caches stay on the device: what crosses for a token is a few numbers per rollout.
      expect(counts.decodePerToken.calls).toBeGreaterThan(0);
      expect(counts.decodePerToken.downloadBytes).toBeLessThan(counts.rows * 256);
      expect(kernels.perToken.WebGpu).toBeGreaterThan(0);
      expect(counts.updateKernels.providers.WebGpu).toBeGreaterThan(0);
    },
    2 * LONG,
  );
});
