// The chunks of the engine, `dist/chunks`: named by their content, so that builds lie beside each other.
import fs from 'node:fs';
import path from 'node:path';

/** A running engine loads chunks of its own build as it needs them; for so long after another build it can. */
const KEPT_MS = 24 * 3600_000;

/** Removes chunks of earlier builds: those that are a day older than the newest one. */
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
