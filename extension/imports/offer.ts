/**
 * Offers to import the runs of other trainers that a workspace contains: once for each folder, and never again if the
 * user says so.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import type { FoundDump } from '../../engine/protocol/printed.ts';
import { MEMORY } from '../ids.ts';
import { runCommand } from '../run-command.ts';
import { tell } from '../tell.ts';

const IMPORT = 'Import';
const FOLLOW = 'Follow';
const NEVER = "Don't Ask Again";

/** What the offer remembers, for this workspace and for all. */
export interface OfferMemory {
  workspace: vscode.Memento;
  everywhere: vscode.Memento;
}

/**
 * Offers the dumps that were not offered before.
 * @param isImported whether a run was made of a folder
 */
export async function offerDumps(
  dumps: readonly FoundDump[],
  isImported: (folder: string) => Promise<boolean>,
  { workspace, everywhere }: OfferMemory,
): Promise<void> {
  if (everywhere.get(MEMORY.offersNoImport, false)) return;
  for (const dump of dumps) {
    // Rows with a prompt and a response may be many things; a trainer's folders are unmistakable.
    if (dump.part || dump.format === 'rollouts') continue;
    const offered = workspace.get<string[]>(MEMORY.offeredImports, []);
    if (offered.includes(dump.path)) continue;
    await workspace.update(MEMORY.offeredImports, [...offered, dump.path]);
    if (await isImported(dump.path)) continue;
    const name = vscode.workspace.asRelativePath(dump.path) || path.basename(dump.path);
    const chosen = await tell.information(
      `${name} contains rollouts of another trainer (${dump.format}). Rollscope can show their votes, answers and correctness.`,
      {},
      IMPORT,
      FOLLOW,
      NEVER,
    );
    if (chosen === NEVER) {
      await everywhere.update(MEMORY.offersNoImport, true);
      return;
    }
    if (chosen === IMPORT) await runCommand('importRun', dump.path);
    if (chosen === FOLLOW) await runCommand('followFolder', dump.path);
  }
}
