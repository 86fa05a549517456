/** The choice of a device, and how probes and the doctor behave where something is missing. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEVICE_CHOICES, DEVICE_NAMES } from '../../engine/protocol/devices.ts';
import { DoctorReport } from '../../engine/protocol/rpc.ts';
import { chooseDevice, resolveDevice } from '../../engine/runtime/choose-device.ts';
import { missingCudaFiles } from '../../engine/runtime/devices/cuda.ts';
import { automaticDevices, deviceNamed, openDevice, possibleDevices } from '../../engine/runtime/devices/index.ts';
import { doctor } from '../../engine/runtime/doctor.ts';
import { checkTypes } from '../../engine/runtime/feeds.ts';
import type { Probe } from '../../engine/runtime/probe.ts';
import { runInChild } from '../../engine/system/node-child.ts';
import { Graph, op } from '../../engine/tensor/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, refusalOf } from '../support/refusals.ts';

const works = (milliseconds: number): Probe => ({ works: true, detail: '', time: { milliseconds, value: 1 } });
const fails: Probe = { works: false, reason: 'no' };

test('a device of another system is refused instead of silently being replaced by the CPU', async () => {
  expect(await resolveDevice('cpu')).toBe('cpu');
  const foreign = process.platform === 'win32' ? 'coreml' : 'dml';
  const error = await refusalOf(resolveDevice(foreign));
  expect(error).toMatchObject({ code: 'device', details: { reason: 'device-not-here', device: foreign } });
});

describe('auto selects', () => {
  test('the preferred device that works and is faster than the CPU', () => {
    expect(
      chooseDevice(
        new Map([
          ['cuda', works(1)],
          ['webgpu', works(2)],
          ['cpu', works(9)],
        ]),
      ),
    ).toBe('cuda');
    expect(
      chooseDevice(
        new Map([
          ['cuda', fails],
          ['webgpu', works(2)],
          ['cpu', works(9)],
        ]),
      ),
    ).toBe('webgpu');
  });
  test('the CPU if the GPU is a software device', () => {
    expect(
      chooseDevice(
        new Map([
          ['cuda', fails],
          ['webgpu', works(5000)],
          ['cpu', works(9)],
        ]),
      ),
    ).toBe('cpu');
  });
  test('the CPU if nothing else works', () => {
    expect(
      chooseDevice(
        new Map([
          ['webgpu', fails],
          ['cpu', fails],
        ]),
      ),
    ).toBe('cpu');
  });
});

test('each system has its devices; auto tries those of onnxruntime, the CPU last', () => {
  const automatic = (...machine: [string, string]) => automaticDevices(...machine).map(({ name }) => name);
  expect(automatic('win32', 'x64')).toEqual(['dml', 'webgpu', 'cpu']);
  expect(automatic('linux', 'arm64')).toEqual(['webgpu', 'cpu']);
  expect(automatic('linux', 'x64')).toEqual(['cuda', 'webgpu', 'cpu']);
  expect(automatic('darwin', 'arm64')).toEqual(['webgpu', 'coreml', 'cpu']);
  expect(possibleDevices('linux', 'arm64').map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'tfjs']);
});

describe.each(DEVICE_NAMES)('the device %s', (name) => {
  const device = deviceNamed(name);
  test('is registered under its name, and says how to get it', () => {
    expect(device.name).toBe(name);
    expect(device.hint()).toMatch(/\.$/);
    expect(Object.keys(DEVICE_CHOICES)).toContain(name);
  });
  test('keeps values between calls only in its own memory', () => {
    const { resident, ownMemory } = device.capabilities;
    expect(resident && !ownMemory).toBe(false);
  });
});

test('a graph with a type that the device does not support is refused', () => {
  const graph = new Graph();
  graph.output('y', op.add(graph.input('x', 'float32', [2]), 1));
  const { capabilities } = deviceNamed('cpu');
  expect(() => checkTypes(graph, capabilities)).not.toThrow();
  expect(() => checkTypes(graph, { ...capabilities, dataTypes: ['int32'] })).toThrow(
    'tensor x is float32, which the device does not compute with',
  );
});

test('missing files of CUDA are named', () => {
  const folder = temporaryFolder();
  expect(missingCudaFiles(folder)).toHaveLength(2);
  fs.writeFileSync(path.join(folder, 'libonnxruntime_providers_cuda.so'), '');
  expect(missingCudaFiles(folder)).toEqual(['libonnxruntime_providers_shared.so']);
});

describe('a child process', () => {
  test('responds', async () => {
    const code = "process.stdin.on('data', (d) => console.log(JSON.stringify([process.argv[1], String(d)])))";
    const result = await runInChild(code, ['argument'], { input: Buffer.from('input'), seconds: 120 });
    expect(result.answer).toEqual(['argument', 'input']);
  });
  test('that crashes is distinguished from one that responds', async () => {
    const crash = await runInChild('process.abort()', [], { seconds: 120 });
    expect(crash).toMatchObject({ answer: null, failure: 'its process was killed by SIGABRT' });
    const exit = await runInChild('process.exit(3)', [], { seconds: 120 });
    expect(exit).toMatchObject({ answer: null, failure: 'its process exited with code 3' });
  });
  test('that hangs is ended', async () => {
    const result = await runInChild('setInterval(() => {}, 1000)', [], { seconds: 0.5 });
    expect(result.failure).toContain('no result within 0.5 s');
  });
});

describe('on a machine without a GPU', () => {
  let home: string;
  beforeEach(() => {
    home = temporaryFolder();
    vi.stubEnv('ROLLSCOPE_HOME', home);
    vi.stubEnv('ROLLSCOPE_TFJS', home);
    // No driver at this path: Vulkan finds no device, also where the machine has one.
    vi.stubEnv('VK_DRIVER_FILES', path.join(home, 'none.json'));
    vi.stubEnv('VK_ICD_FILENAMES', path.join(home, 'none.json'));
  });
  afterEach(() => vi.unstubAllEnvs());

  test.runIf(process.platform === 'linux')('the doctor says what is missing, and how to get it', async () => {
    const report = DoctorReport.parse(await doctor());
    const device = (name: string) => report.devices.find((d) => d.name === name)!;
    expect(device('CPU')).toMatchObject({ available: true });
    expect(device('WebGPU')).toMatchObject({ available: false, hint: expect.stringContaining('libvulkan1') });
    expect(device('TensorFlow.js')).toMatchObject({ available: false });
    expect(report.problems).toEqual([]);
    // What it found is remembered for `auto`.
    expect(fs.readdirSync(home)).toEqual(['device.json']);
    expect(await resolveDevice('auto')).toBe('cpu');
  });

  test.runIf(process.platform === 'linux')('a session on WebGPU is refused with the remedy', async () => {
    const facts = { reason: 'device-not-usable', device: 'webgpu' };
    await expectRejection(openDevice('webgpu', { threads: 1 }), 'device', facts);
  });

  test('a device that the user names is used without a check', async () => {
    expect(await resolveDevice('cpu')).toBe('cpu');
    expect(await resolveDevice('webgpu')).toBe('webgpu');
    expect(fs.readdirSync(home)).toEqual([]);
  });
});

test.runIf(missingCudaFiles().length > 0)('CUDA is refused with the remedy if its files are missing', async () => {
  await expect(openDevice('cuda', { threads: 1 })).rejects.toMatchObject({ code: 'device' });
});
