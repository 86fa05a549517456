/** `rollscope doctor`: what this machine can do, what is missing and how to get it. */
import os from 'node:os';
import type { DoctorReport } from '../protocol/rpc.ts';
import { VERSION } from '../protocol/version.ts';
import type { OrtDevice } from './backend.ts';
import {
  chooseDevice,
  missingCudaFiles,
  onnxruntimeFolder,
  onnxruntimeVersion,
  probeDevices,
  rememberDevice,
} from './devices.ts';
import { machineMemory } from './memory.ts';
import type { Probe } from './probe.ts';
import { probeTfjs } from './tfjs.ts';

type DeviceReport = DoctorReport['devices'][number];

const NAMES: Record<OrtDevice, string> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'CoreML',
};
const LEAST_MEMORY = 4 * 2 ** 30;

/** Examines the machine; takes some seconds. What `auto` means is decided anew and remembered. */
export async function doctor(): Promise<DoctorReport> {
  const probes = await probeDevices();
  const chosen = chooseDevice(probes);
  await rememberDevice(chosen);
  const tfjs = await probeTfjs();
  const devices = [...probes].map(([device, probe]) => report(device, probe, chosen));
  const memoryBytes = machineMemory();
  return {
    version: VERSION,
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    platform: `${process.platform}-${process.arch}`,
    cores: os.availableParallelism(),
    memoryBytes,
    devices: [...devices, { name: 'TensorFlow.js', available: tfjs.works, detail: tfjs.detail, hint: tfjs.hint }],
    problems: problems(probes.get('cpu'), memoryBytes),
  };
}

function report(device: OrtDevice, probe: Probe, chosen: OrtDevice): DeviceReport {
  const name = NAMES[device];
  if (!probe.works) return { name, available: false, detail: plain(probe.reason), hint: hint(device) };
  const choice = device === chosen ? 'what `auto` means' : `\`auto\` means ${NAMES[chosen]} here`;
  const time = `${probe.milliseconds.toFixed(1)} ms for four products of 512 x 512 matrices`;
  return { name, available: true, detail: `${time}; ${choice}` };
}

/** onnxruntime's messages begin with the place in its source. */
function plain(reason: string): string {
  if (/No supported adapters|Failed to get a WebGPU adapter/.test(reason)) return 'no graphics adapter found';
  return reason
    .split('\n')[0]!
    .replace(/^.*?was false\.\s*/, '')
    .slice(0, 200);
}

function hint(device: OrtDevice): string {
  switch (device) {
    case 'cpu':
      return `Reinstall the package onnxruntime-node ${onnxruntimeVersion()}.`;
    case 'webgpu':
      return process.platform === 'linux'
        ? 'Install the Vulkan loader (Debian, Ubuntu: libvulkan1) and the driver of the graphics card.'
        : 'Install the newest driver of the graphics card.';
    case 'cuda':
      return missingCudaFiles().length > 0
        ? `${missingCudaFiles().join(' and ')} belong into ${onnxruntimeFolder()}. They come with the NuGet package ` +
            `Microsoft.ML.OnnxRuntime.Gpu.Linux ${onnxruntimeVersion()}, which ` +
            '`node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12` fetches. ' +
            'CUDA 12, cuDNN 9 and the NVIDIA driver are needed too.'
        : 'Install the NVIDIA driver, CUDA 12 and cuDNN 9, and see that their libraries are on LD_LIBRARY_PATH.';
    case 'dml':
      return 'DirectML needs Windows 10 1903 or newer and a DirectX 12 driver.';
    case 'coreml':
      return 'CoreML is slower or less exact than the CPU on some Macs; WebGPU is the better choice there.';
  }
}

function problems(cpu: Probe | undefined, memoryBytes: number): string[] {
  const found: string[] = [];
  if (cpu && !cpu.works) found.push(`onnxruntime does not run on this machine: ${plain(cpu.reason)}`);
  if (memoryBytes < LEAST_MEMORY) {
    const gigabytes = (memoryBytes / 2 ** 30).toFixed(1);
    found.push(`${gigabytes} GB of memory: enough for the embedded model, too little for others.`);
  }
  return found;
}
