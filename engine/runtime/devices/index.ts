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

/** The preference of `auto`, if several devices are faster than the baseline. */
const PREFERENCE: readonly DeviceName[] = ['cuda', 'dml', 'webgpu', 'coreml'];

/** The device with which others are compared, and the fallback. */
export const BASELINE: DeviceName = 'cpu';

/** A device, whether or not this machine has it; use `probe` to find out. */
export function deviceNamed(name: DeviceName): Device {
  return REGISTRY[name];
}

/** Devices that support a platform. */
export function possibleDevices(platform: string = process.platform, arch: string = process.arch): Device[] {
  return DEVICE_NAMES.map(deviceNamed).filter((device) => canBeOn(device, platform, arch));
}

/** The devices for `auto`, in order of preference, ending with the baseline. */
export function automaticDevices(platform: string = process.platform, arch: string = process.arch): Device[] {
  const order = (device: Device) => {
    const place = PREFERENCE.indexOf(device.name);
    return device.name === BASELINE ? Number.POSITIVE_INFINITY : place < 0 ? PREFERENCE.length : place;
  };
  return possibleDevices(platform, arch)
    .filter(({ automatic }) => automatic)
    .sort((a, b) => order(a) - order(b));
}

/** Opens a backend on a device. Throws RollscopeError `device` if the device or its software is missing. */
export function openDevice(name: DeviceName, options: DeviceOptions): Promise<Backend> {
  return deviceNamed(name).open(options);
}
