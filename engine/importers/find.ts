/** The dumps in a folder and below it: for an editor that offers to import them. Nothing is imported. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { RUN_FILE } from '../journal/layout.ts';
import type { FoundDump } from '../protocol/printed.ts';
import { rollouts } from './formats/rollouts.ts';
import { IMPORTERS } from './index.ts';

/** Folders that contain other people's files, or very many. */
const SKIPPED = new Set(['node_modules', 'bower_components', 'site-packages', 'venv', '__pycache__', 'wandb']);
const MAX_DEPTH = 6;
const MAX_FOLDERS = 2000;

/**
 * Folders that an importer recognizes, the nearest first; inside a trainer's folder, only that trainer's own subfolders
 * are checked. Skips hidden folders, packages, Rollscope's runs, and what cannot be read.
 */
export async function findDumps(root: string): Promise<FoundDump[]> {
  const found: FoundDump[] = [];
  const waiting: { folder: string; depth: number; within: string | null }[] = [
    { folder: path.resolve(root), depth: 0, within: null },
  ];
  for (let looked = 0; looked < waiting.length && looked < MAX_FOLDERS; looked++) {
    const { folder, depth, within } = waiting[looked]!;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (entries.some(({ name }) => name === RUN_FILE)) continue;
    const importer = await findImporter(folder);
    if (importer && (isOpen(within) || importer.name === within)) {
      found.push({ path: folder, format: importer.name, title: importer.title, part: importer.name === within });
    }
    if (!isOpen(within) || depth === MAX_DEPTH) continue;
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
      waiting.push({ folder: path.join(folder, entry.name), depth: depth + 1, within: importer?.name ?? within });
    }
  }
  return found;
}

/** Files of rollouts of any trainer may be next to folders that are another's. */
function isOpen(within: string | null): boolean {
  return within === null || within === rollouts.name;
}

async function findImporter(folder: string) {
  const withRollouts = IMPORTERS.filter(({ curvesOnly }) => !curvesOnly);
  for (const importer of withRollouts)
    if (await importer.detect(folder, { map: {} }).catch(() => false)) return importer;
  return null;
}
