/** File systems that are visible to a single shell. */
import { spawnSync } from 'node:child_process';

/**
 * How to run a shell with a private mount namespace, whose mounts vanish with it: a program and its flags; undefined if the
 * machine does not permit it. `folder`: where mounting is tried.
 */
export function mountingShell(folder: string): string[] | undefined {
  return ['unshare -m', 'unshare -rm', 'sudo -n unshare -m']
    .map((command) => command.split(' '))
    .find(([program, ...flags]) => {
      const mounting = spawnSync(program!, [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
      return mounting.status === 0;
    });
}
