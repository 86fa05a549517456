/** The devices. To add one: a name in `engine/protocol/devices.ts`, a file next to this one, and a line here. */
import { DEVICE_NAMES, type DeviceName } from '../../protocol/devices.ts';
import type { Backend } from '../backend.ts';
import { coreml } from './coreml.ts';
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { canBeOn, type Device, type DeviceOptions } from './device.ts';
import { dml } from './dml.ts';
import { tfjs } from './tfjs.ts';
import { webgpu } from './webgpu.ts';

const REGISTRY: Readonly<Record<DeviceName, Device>> = { cpu, webgpu, cuda, dml, coreml, tfjs };

/** The order in which `auto` prefers them, where more than one is faster than the baseline. */
const PREFERENCE: readonly DeviceName[] = ['cuda', 'dml', 'webgpu', 'coreml'];

/** What others are compared with, and what is left where none of them works. */
export const BASELINE: DeviceName = 'cpu';

/** A device, whether or not this machine has it: `probe` finds out. */
export function deviceNamed(name: DeviceName): Device {
  return REGISTRY[name];
}

/** Devices that there can be on a kind of machine. */
export function possibleDevices(platform: string = process.platform, arch: string = process.arch): Device[] {
  return DEVICE_NAMES.map(deviceNamed).filter((device) => canBeOn(device, platform, arch));
}

/** Those that `auto` chooses among, the preferred one first, the baseline last. */
export function automaticDevices(platform: string = process.platform, arch: string = process.arch): Device[] {
  const order = (device: Device) => {
    const place = PREFERENCE.indexOf(device.name);
    return device.name === BASELINE ? Number.POSITIVE_INFINITY : place < 0 ? PREFERENCE.length : place;
  };
  return possibleDevices(platform, arch)
    .filter(({ automatic }) => automatic)
    .sort((a, b) => order(a) - order(b));
}

/** A backend on a device. Throws RollscopeError `device` when this machine lacks it, or what it needs is not installed. */
export function openDevice(name: DeviceName, options: DeviceOptions): Promise<Backend> {
  return deviceNamed(name).open(options);
}
