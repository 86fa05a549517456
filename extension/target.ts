/** Finds the dataset of a command from its argument, the active editor or the user's choice. */
import path from 'node:path';
import * as vscode from 'vscode';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import { RollscopeError } from '../engine/protocol/index.ts';
import { formatOf, PROBLEM_EXTENSIONS } from './editor/detect.ts';
import { choose, type QuickRow, tell } from './tell.ts';
import { DatasetItem, type ProblemFiles } from './trees/datasets.ts';

/** Argument of the train and probe commands that asks for a file. */
export const PICK = 'pick';

/**
 * An absolute path or `embedded`: from the argument (a file from the Explorer, an item of the Datasets view, `embedded`,
 * `pick`), else the active editor, else what the user picks. A document with changes is saved. null if canceled.
 * @throws RollscopeError `dataset` for a file that the engine cannot read.
 */
export async function datasetOf(argument: unknown, files: ProblemFiles): Promise<string | null> {
  if (argument instanceof DatasetItem) return onDisk(argument.dataset);
  if (argument instanceof vscode.Uri) return fileOf(argument);
  if (argument === EMBEDDED) return EMBEDDED;
  if (argument === PICK) return browse();
  const active = activeFile();
  if (active && (active.scheme === 'untitled' || formatOf(active.path))) return fileOf(active);
  return pick(files);
}

/** Path of a problem file, saved. */
export async function fileOf(uri: vscode.Uri): Promise<string | null> {
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  if (uri.scheme === 'untitled') {
    // Saving asks for a name.
    if (!document) return null;
    const choice = await tell.warning('The engine reads problems from disk. Save this file first.', {}, 'Save As…');
    if (!choice) return null;
    const saved = await vscode.workspace.saveAs(document.uri);
    return saved ? fileOf(saved) : null;
  }
  if (uri.scheme !== 'file') {
    throw new RollscopeError(
      'dataset',
      `${path.posix.basename(uri.path)} is on a virtual file system (${uri.scheme}).`,
      "Save it to the local (or remote host's) file system.",
    );
  }
  if (!formatOf(uri.fsPath)) {
    throw new RollscopeError(
      'dataset',
      `${path.basename(uri.fsPath)} is not a problem file.`,
      `Supported formats: ${PROBLEM_EXTENSIONS.map((extension) => `.${extension}`).join(', ')}.`,
    );
  }
  if (document?.isDirty && !(await document.save())) {
    throw new RollscopeError('dataset', `${path.basename(uri.fsPath)} could not be saved.`, 'Save it and try again.');
  }
  return uri.fsPath;
}

async function onDisk(dataset: string): Promise<string | null> {
  return dataset === EMBEDDED ? EMBEDDED : fileOf(vscode.Uri.file(dataset));
}

/** The file of the active tab, even if it is not a text (Parquet). */
function activeFile(): vscode.Uri | null {
  const editor = vscode.window.activeTextEditor;
  if (editor) return editor.document.uri;
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : null;
}

interface DatasetPick extends QuickRow {
  dataset: string;
}

async function pick(files: ProblemFiles): Promise<string | null> {
  const items = files.list().then((found): DatasetPick[] => [
    ...found.map((file) => {
      const relative = vscode.workspace.asRelativePath(file);
      const folder = path.dirname(relative);
      return {
        label: path.basename(file),
        description: folder === '.' ? '' : folder,
        iconPath: vscode.ThemeIcon.File,
        dataset: file,
      };
    }),
    {
      icon: 'package',
      label: 'Embedded problems',
      description: 'arithmetic for the embedded model',
      dataset: EMBEDDED,
    },
    { icon: 'folder-opened', label: 'Choose a file…', dataset: PICK },
  ]);
  const chosen = await choose(items, { title: 'Dataset', placeHolder: 'Select a dataset' });
  if (!chosen) return null;
  return chosen.dataset === PICK ? browse() : onDisk(chosen.dataset);
}

async function browse(): Promise<string | null> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Choose a problem file',
    openLabel: 'Choose',
    filters: { 'Problem files': PROBLEM_EXTENSIONS },
  });
  return chosen?.[0] ? fileOf(chosen[0]) : null;
}
