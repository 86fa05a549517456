// The chunks of the engine, `dist/chunks`: named by their content, so that several builds can exist side by side.
import fs from 'node:fs';
import path from 'node:path';

/** A running engine loads chunks of its own build when it needs them: they are kept for this long after a newer build. */
const KEPT_MS = 24 * 3600_000;

/** Removes chunks of earlier builds: those more than a day older than the newest one. */
export function removeOldChunks(dist) {
  const folder = path.join(dist, 'chunks');
  if (!fs.existsSync(folder)) return;
  const chunks = fs.readdirSync(folder).map((name) => {
    const file = path.join(folder, name);
    return { file, modified: fs.statSync(file).mtimeMs };
  });
  const newest = Math.max(...chunks.map(({ modified }) => modified));
  for (const { file, modified } of chunks) if (modified < newest - KEPT_MS) fs.rmSync(file, { force: true });
}
