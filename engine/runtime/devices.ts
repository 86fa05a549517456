/** Which devices this machine has, and which one `auto` means. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { rollscopeHome } from '../protocol/home.ts';
import { VERSION } from '../protocol/version.ts';
import { writeWhole } from '../system/aside.ts';
import { type Backend, type Device, ORT_DEVICES, type OrtDevice } from './backend.ts';
import { createBackend } from './ort-backend.ts';
import { type Probe, probeDevice } from './probe.ts';
import { openTfjs } from './tfjs.ts';
import { tfjsBackend } from './tfjs-backend.ts';

/** Devices that there can be on this kind of machine, the one that `auto` prefers first, the CPU last. */
export function possibleDevices(platform = process.platform, arch = process.arch): OrtDevice[] {
  if (platform === 'win32') return ['dml', 'webgpu', 'cpu'];
  if (platform === 'darwin') return ['webgpu', 'coreml', 'cpu'];
  return platform === 'linux' && arch === 'x64' ? ['cuda', 'webgpu', 'cpu'] : ['webgpu', 'cpu'];
}

/** Folder of onnxruntime's libraries. */
export function onnxruntimeFolder(): string {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return path.join(path.dirname(file), 'bin', 'napi-v6', process.platform, process.arch);
}

export function onnxruntimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}

/** Files that CUDA needs and that do not come with the package, as far as they are missing. */
export function missingCudaFiles(folder = onnxruntimeFolder()): string[] {
  const files = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'];
  return files.filter((file) => !fs.existsSync(path.join(folder, file)));
}

/** Tries out every possible device, one after another, so that their times compare. */
export async function probeDevices(): Promise<Map<OrtDevice, Probe>> {
  const cpu = await probeDevice('cpu');
  const probes = new Map<OrtDevice, Probe>();
  for (const device of possibleDevices()) {
    if (device === 'cpu') probes.set(device, cpu);
    else if (device === 'cuda' && missingCudaFiles().length > 0) {
      probes.set(device, { works: false, reason: 'onnxruntime’s files for it are not installed' });
    } else probes.set(device, await probeDevice(device, cpu.works ? cpu.value : undefined));
  }
  return probes;
}

/**
 * The device that `auto` means: the first that works and is quicker than the CPU. So a graphics device in software is
 * never chosen.
 */
export function chooseDevice(probes: ReadonlyMap<OrtDevice, Probe>): OrtDevice {
  const cpu = probes.get('cpu');
  const limit = cpu?.works ? cpu.milliseconds : Number.POSITIVE_INFINITY;
  for (const [device, probe] of probes) if (probe.works && probe.milliseconds < limit) return device;
  return 'cpu';
}

const Remembered = z.object({
  key: z.string(),
  device: z.enum(ORT_DEVICES),
  at: z.number(),
});
/** A new driver is noticed after a week, or at once by `rollscope doctor`. */
const WEEK = 7 * 24 * 3600 * 1000;

function memoryFile(): string {
  return path.join(rollscopeHome(), 'device.json');
}

/** What the choice depends on. */
function memoryKey(): string {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, CUDA_VISIBLE_DEVICES } = process.env;
  const settings = [VK_DRIVER_FILES, VK_ICD_FILENAMES, CUDA_VISIBLE_DEVICES].map((v) => v ?? '-');
  const files = missingCudaFiles().length;
  return [VERSION, onnxruntimeVersion(), process.platform, process.arch, files, ...settings].join(' ');
}

export async function rememberDevice(device: OrtDevice): Promise<void> {
  try {
    await writeWhole(memoryFile(), JSON.stringify({ key: memoryKey(), device, at: Date.now() }));
  } catch {
    // Where nothing can be kept, the devices are tried out again next time.
  }
}

function rememberedDevice(): OrtDevice | null {
  try {
    const memory = Remembered.parse(JSON.parse(fs.readFileSync(memoryFile(), 'utf8')));
    return memory.key === memoryKey() && Date.now() - memory.at < WEEK ? memory.device : null;
  } catch {
    return null;
  }
}

/**
 * The device to compute on. `auto` tries the devices of onnxruntime out once and remembers its choice in the user's
 * folder. It never means TensorFlow.js, which the user installs and which is there for whoever asks for it. Throws `device`
 * for one of other systems.
 */
export async function resolveDevice(wanted: 'auto' | Device): Promise<Device> {
  if (wanted !== 'auto') {
    // onnxruntime passes by a provider that it was built without, and computes on the CPU.
    if (wanted !== 'tfjs' && !possibleDevices().includes(wanted)) {
      throw new RollscopeError(
        'device',
        `The device ${wanted} cannot be used on ${process.platform}-${process.arch}.`,
        `Choose auto, ${possibleDevices().join(', ')} or tfjs; rollscope doctor says which of them work.`,
      );
    }
    return wanted;
  }
  const remembered = rememberedDevice();
  if (remembered) return remembered;
  const device = chooseDevice(await probeDevices());
  await rememberDevice(device);
  return device;
}

/**
 * A backend on a device. `threads` is for the CPU. Throws RollscopeError `device` when this machine lacks the device, or
 * TensorFlow.js is not installed.
 */
export async function openDevice(device: Device, options: { threads: number }): Promise<Backend> {
  return device === 'tfjs' ? tfjsBackend(await openTfjs()) : createBackend(device, options);
}
