/** What a device is: where it can be, what it can do, how it is opened, and what to do where it is missing. */
import type { DeviceName } from '../../protocol/devices.ts';
import type { Backend } from '../backend.ts';
import type { Capabilities } from '../capabilities.ts';
import type { Probe } from '../probe.ts';

export interface DeviceOptions {
  /** CPU threads; 0: as many as there are cores. */
  threads: number;
}

export interface Device {
  readonly name: DeviceName;
  readonly capabilities: Capabilities;
  /** Systems that it can be on, as `process.platform` alone or with `process.arch` (`linux-x64`); null: all. */
  readonly platforms: readonly string[] | null;
  /** Variables of the environment that its being there depends on. */
  readonly variables: readonly string[];
  /** Files that it needs and that are not there; it is not tried out without them. */
  missingFiles(): string[];
  /** Tries it out in a process of its own. `expected`: what the CPU came to. */
  probe(expected?: number): Promise<Probe>;
  /** Whether `auto` may choose it. */
  readonly automatic: boolean;
  /** How to get it, where it does not work. */
  hint(): string;
  /** Throws RollscopeError `device` where it does not work. */
  open(options: DeviceOptions): Promise<Backend>;
}

/** Whether a device can be on a kind of machine. */
export function canBeOn({ platforms }: Device, platform: string, arch: string): boolean {
  return platforms === null || platforms.includes(platform) || platforms.includes(`${platform}-${arch}`);
}
