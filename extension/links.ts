/** Links to places of runs: opened in the panel; what a report says of the place is checked. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { RUN_FILE } from '../engine/journal/layout.ts';
import { type Address, addressIn, placeText } from '../engine/protocol/address.ts';
import { RollscopeError } from '../engine/protocol/errors.ts';
import { checkClaim, claimText } from '../engine/runs/claims.ts';
import { problemIn } from '../engine/runs/find-place.ts';
import type { Panel } from './panel/panel.ts';
import type { RunLibrary } from './run/library.ts';
import type { RunViewer } from './run/viewer.ts';
import { tell } from './tell.ts';

/** The parts of the extension that open a place. */
export interface Opening {
  viewer: Pick<RunViewer, 'look'>;
  panel: Pick<Panel, 'goTo'>;
  library: Pick<RunLibrary, 'read'>;
}

/** Handles `vscode://rollscope.rollscope/run?…`. */
export class Links implements vscode.UriHandler {
  private readonly registration = vscode.window.registerUriHandler(this);

  constructor(
    private readonly app: Opening,
    private readonly report: (error: unknown) => void,
  ) {}

  async handleUri(uri: vscode.Uri): Promise<void> {
    try {
      const address = addressIn(uri.query);
      if (!address) throw new RollscopeError('usage', 'The link names no run.', 'Copy it again from the panel.');
      await openAddress(this.app, address);
    } catch (error) {
      this.report(error);
    }
  }

  dispose(): void {
    this.registration.dispose();
  }
}

/** Shows a place in the panel. @throws RollscopeError `run-not-found`, `usage` for a problem that the run does not have */
export async function openAddress({ viewer, panel, library }: Opening, address: Address): Promise<void> {
  const { folder: _, says: __, ...place } = address;
  const folder = localFolder(address.folder);
  if (address.fromRun !== undefined) localFolder(address.fromRun);
  if (!existsSync(path.join(folder, RUN_FILE))) {
    throw new RollscopeError(
      'run-not-found',
      `There is no run in ${folder}.`,
      'The link is from another machine, or the run was moved or deleted.',
    );
  }
  const run = await library.read(folder);
  // An unknown problem is reported before anything is shown in its place.
  problemIn(run.problems, address);
  if (!(await viewer.look(folder))) return;
  panel.goTo(place);
  const claim = checkClaim(run.columns, run.problems, address);
  if (!claim) return;
  const text = `${placeText(address)}: ${claimText(claim)}`;
  void (claim.holds ? tell.information(text, {}) : tell.warning(text, {}));
}

/**
 * Links are not trusted: merely looking for a folder on another machine (`\\host\share`) would reveal the user to that
 * machine.
 * @throws RollscopeError `usage` unless it is a full path on this machine
 */
export function localFolder(folder: string, system: path.PlatformPath = path): string {
  const isRemote = system.sep === '\\' && /^[\\/]{2}/.test(folder);
  if (system.isAbsolute(folder) && !isRemote && !folder.includes('\0')) return system.resolve(folder);
  throw new RollscopeError(
    'usage',
    folder === '' ? 'The link names no folder.' : `The link names ${folder}, which is not a folder on this machine.`,
    'Copy it again from the panel.',
    { details: { reason: 'not-local', field: 'folder', value: folder } },
  );
}
