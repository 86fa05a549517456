/** Probes the devices of this machine, and chooses one for `auto`. */
import fs from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { DEVICE_NAMES, type DeviceName } from '../protocol/devices.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { rollscopeHome } from '../protocol/home.ts';
import { VERSION } from '../protocol/version.ts';
import { writeAtomically } from '../system/aside.ts';
import { automaticDevices, BASELINE, deviceNamed, possibleDevices } from './devices/index.ts';
import { onnxruntimeVersion } from './devices/onnxruntime.ts';
import type { Probe } from './probe.ts';

/** Probes a device; `expected` is the result of the baseline. */
async function probed(name: DeviceName, expected?: number): Promise<Probe> {
  const device = deviceNamed(name);
  return device.missingFiles().length > 0
    ? { works: false, reason: 'required files are not installed' }
    : device.probe(expected);
}

/** Probes the devices for `auto` one after another, so that their times are comparable. */
export async function probeDevices(): Promise<Map<DeviceName, Probe>> {
  const baseline = await probed(BASELINE);
  const expected = baseline.works ? baseline.time?.value : undefined;
  const probes = new Map<DeviceName, Probe>();
  for (const { name } of automaticDevices()) {
    probes.set(name, name === BASELINE ? baseline : await probed(name, expected));
  }
  return probes;
}

/** Probes the devices that must be selected explicitly. */
export async function probeOthers(): Promise<Map<DeviceName, Probe>> {
  const probes = new Map<DeviceName, Probe>();
  for (const { name, automatic } of possibleDevices()) if (!automatic) probes.set(name, await probed(name));
  return probes;
}

/**
 * The device for `auto`: the first one that works and is faster than the baseline, so a software GPU is never chosen.
 */
export function chooseDevice(probes: ReadonlyMap<DeviceName, Probe>): DeviceName {
  const milliseconds = (probe: Probe | undefined) =>
    (probe?.works ? probe.time?.milliseconds : undefined) ?? Number.POSITIVE_INFINITY;
  const limit = milliseconds(probes.get(BASELINE));
  for (const [name, probe] of probes) if (milliseconds(probe) < limit) return name;
  return BASELINE;
}

const Remembered = z.object({
  key: z.string(),
  device: z.enum(DEVICE_NAMES),
  at: z.number(),
});
/** A new driver is detected within a week, or immediately by `rollscope doctor`. */
const WEEK = 7 * 24 * 3600 * 1000;

function memoryFile(): string {
  return path.join(rollscopeHome(), 'device.json');
}

/** The versions and environment that the choice depends on. */
function memoryKey(): string {
  const devices = automaticDevices().flatMap(({ missingFiles, variables }) => [
    missingFiles().length,
    ...variables.map((name) => process.env[name] ?? '-'),
  ]);
  return [VERSION, onnxruntimeVersion(), process.platform, process.arch, ...devices].join(' ');
}

/**
 * Stores the device chosen for `auto` with the versions it is valid for. Never throws: without it, devices are probed
 * again.
 */
export async function rememberDevice(device: DeviceName): Promise<void> {
  try {
    await writeAtomically(memoryFile(), JSON.stringify({ key: memoryKey(), device, at: Date.now() }));
  } catch {
    // If it cannot be stored, the devices are probed again next time.
  }
}

function rememberedDevice(): DeviceName | null {
  try {
    const memory = Remembered.parse(JSON.parse(fs.readFileSync(memoryFile(), 'utf8')));
    return memory.key === memoryKey() && Date.now() - memory.at < WEEK ? memory.device : null;
  } catch {
    return null;
  }
}

/**
 * Resolves the compute device. `auto` probes the devices once and stores its choice in the user's folder. Throws
 * `device` for a device of other systems.
 */
export async function resolveDevice(wanted: 'auto' | DeviceName): Promise<DeviceName> {
  if (wanted !== 'auto') {
    const possible = possibleDevices().map(({ name }) => name);
    // onnxruntime silently skips providers that it was built without, and computes on the CPU.
    if (!possible.includes(wanted)) {
      throw new RollscopeError(
        'device',
        `The device ${wanted} is not available on ${process.platform}-${process.arch}.`,
        `Choose auto, ${possible.join(' or ')}; rollscope doctor shows which are available.`,
        { details: { reason: 'device-not-here', device: wanted } },
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
