/** File systems that exist for one shell alone. */
import { spawnSync } from 'node:child_process';

/**
 * How to run a shell that may mount file systems for itself alone, which are gone with it: a program and its flags;
 * undefined where the machine permits none. `folder`: where mounting is tried.
 */
export function mountingShell(folder: string): string[] | undefined {
  return ['unshare -m', 'unshare -rm', 'sudo -n unshare -m']
    .map((command) => command.split(' '))
    .find(([program, ...flags]) => {
      const mounting = spawnSync(program!, [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
      return mounting.status === 0;
    });
}
