/** Vitest's global setup for the suites that start the built programs: builds `dist` once when a source is newer. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

export default function setup(): void {
  const script = path.join(import.meta.dirname, '..', 'scripts', 'install.mjs');
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error('The programs under test could not be built.');
}
