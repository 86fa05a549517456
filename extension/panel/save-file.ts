/** Writes a file that the panel made, such as a chart, where the user says. */
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';

/** @param name file name without a folder; the page's name is only a suggestion */
export async function saveFile(name: string, content: Uint8Array): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const suggested = path.basename(name);
  const place = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder?.uri ?? vscode.Uri.file(homedir()), suggested),
    filters: { [path.extname(suggested).slice(1).toUpperCase()]: [path.extname(suggested).slice(1)] },
  });
  if (place) await vscode.workspace.fs.writeFile(place, content);
}
