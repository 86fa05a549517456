/** The example on a real model: its problems and configurations, copied to where the user can change them. */
import * as vscode from 'vscode';
import { CONFIGURATIONS_FILE } from '../../engine/config/named-configurations.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { findModels } from '../../engine/system/found-models.ts';
import type { Rollscope } from '../app.ts';
import { isLocal, modelName } from '../trees/models.ts';

const NAME = 'facts';
/** The model that the example was made with, as its configurations name it. */
const MODEL = 'HuggingFaceTB/SmolLM2-135M-Instruct';
/** Matches files and folders of that model in any format, such as `SmolLM2-135M-Instruct-Q8_0.gguf`. */
const SAME_MODEL = /SmolLM2-135M-Instruct/i;

/**
 * Copies the example into the workspace, or into a folder that the user picks if none is open, and opens its
 * configurations, whose lenses start it. An existing copy is opened as it is.
 * @throws RollscopeError `config` if a folder of that name contains something else
 */
export async function openExample(app: Rollscope): Promise<void> {
  const parent = vscode.workspace.workspaceFolders?.[0]?.uri ?? (await pickFolder());
  if (!parent) return;
  const folder = vscode.Uri.joinPath(parent, NAME);
  const configurations = vscode.Uri.joinPath(folder, CONFIGURATIONS_FILE);
  if (!(await exists(folder))) {
    await vscode.workspace.fs.copy(vscode.Uri.joinPath(app.context.extensionUri, 'examples', NAME), folder);
    await nameModel(configurations, await modelOnThisMachine(app.models.recent));
  } else if (!(await exists(configurations))) {
    throw new RollscopeError(
      'config',
      `${folder.fsPath} exists, but is not the example.`,
      'Rename it, or open another folder, then open the example again.',
      { details: { reason: 'exists', file: folder.fsPath } },
    );
  }
  await vscode.window.showTextDocument(configurations);
}

/**
 * A copy of the model that is already on this machine, used before or found in another program; null if there is none.
 */
async function modelOnThisMachine(recent: readonly string[]): Promise<string | null> {
  const used = recent.find((model) => isLocal(model) && SAME_MODEL.test(modelName(model)));
  return used ?? (await findModels()).find(({ name }) => SAME_MODEL.test(name))?.model ?? null;
}

async function nameModel(configurations: vscode.Uri, model: string | null): Promise<void> {
  if (model === null) return;
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(configurations));
  const named = text.replaceAll(JSON.stringify(MODEL), () => JSON.stringify(model));
  await vscode.workspace.fs.writeFile(configurations, new TextEncoder().encode(named));
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

async function pickFolder(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Choose a folder for the example',
    openLabel: 'Copy Example Here',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  return chosen?.[0];
}
