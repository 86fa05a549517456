/** `rollscope doctor`: this machine's devices, missing components and how to install them. */
import os from 'node:os';
import { DEVICES, type DeviceName } from '../protocol/devices.ts';
import { bytes } from '../protocol/format.ts';
import type { DoctorReport } from '../protocol/rpc.ts';
import { VERSION } from '../protocol/version.ts';
import { chooseDevice, probeDevices, probeOthers, rememberDevice } from './choose-device.ts';
import { BASELINE, deviceNamed } from './devices/index.ts';
import { onnxruntimeVersion } from './devices/onnxruntime.ts';
import { machineMemory } from './memory.ts';
import type { Probe } from './probe.ts';

type DeviceReport = DoctorReport['devices'][number];

const MIN_MEMORY = 4 * 2 ** 30;

/** Examines the machine; takes several seconds. Also renews the stored choice for `auto`. */
export async function doctor(): Promise<DoctorReport> {
  const probes = await probeDevices();
  const chosen = chooseDevice(probes);
  await rememberDevice(chosen);
  const others = await probeOthers();
  const memoryBytes = machineMemory();
  return {
    version: VERSION,
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    platform: `${process.platform}-${process.arch}`,
    cores: os.availableParallelism(),
    memoryBytes,
    devices: [...probes, ...others].map(([name, probe]) => report(name, probe, chosen)),
    trl: null,
    problems: problems(probes.get(BASELINE), memoryBytes),
  };
}

function report(device: DeviceName, probe: Probe, chosen: DeviceName): DeviceReport {
  const name = DEVICES[device].title;
  const { automatic, hint } = deviceNamed(device);
  if (!probe.works) return { name, available: false, detail: probe.reason, hint: hint() };
  const manual = `select it with \`--device ${device}\``;
  const choice = device === chosen ? 'chosen by `auto`' : `\`auto\` chooses ${DEVICES[chosen].title} here`;
  return { name, available: true, detail: `${probe.detail}; ${automatic ? choice : manual}` };
}

function problems(cpu: Probe | undefined, memoryBytes: number): string[] {
  const found: string[] = [];
  if (cpu && !cpu.works) found.push(`onnxruntime does not run on this machine: ${cpu.reason}`);
  if (memoryBytes < MIN_MEMORY) {
    found.push(`${bytes(memoryBytes)} of memory: enough for the embedded model, but not for others.`);
  }
  return found;
}
