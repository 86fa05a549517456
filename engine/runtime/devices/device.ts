/** The interface of a device: its platforms and capabilities, and how to probe, open and install it. */
import type { DeviceName } from '../../protocol/devices.ts';
import type { Backend } from '../backend.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Probe } from '../probe.ts';

export interface DeviceOptions {
  /** CPU threads; 0: one per core. */
  threads: number;
}

export interface Device {
  readonly name: DeviceName;
  readonly capabilities: Capabilities;
  /** Supported platforms, as `process.platform` alone or with `process.arch` (`linux-x64`); null: all. */
  readonly platforms: readonly string[] | null;
  /** Environment variables that its availability depends on. */
  readonly variables: readonly string[];
  /** Missing required files; if there are any, the device is not probed. */
  missingFiles(): string[];
  /** Tests it in a separate process. `expected`: the result of the CPU. */
  probe(expected?: number): Promise<Probe>;
  /** Whether `auto` may choose it. */
  readonly automatic: boolean;
  /** How to install it, if it does not work. */
  hint(): string;
  /** Throws RollscopeError `device` if it does not work. */
  open(options: DeviceOptions): Promise<Backend>;
}

/** Whether a device supports a platform. */
export function canBeOn({ platforms }: Device, platform: string, arch: string): boolean {
  return platforms === null || platforms.includes(platform) || platforms.includes(`${platform}-${arch}`);
}
