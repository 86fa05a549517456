/**
 * The sources of a run's values: the settings, a configuration of `rollscope.json`, a run that is resumed or probed, or
 * the changes of a fork. Each source finds the values that an error names, opens them where they can be changed, and
 * resets them.
 */
import { basename } from 'node:path';
import { applyEdits, findNodeAtLocation, type JSONPath, modify, parseTree } from 'jsonc-parser';
import * as vscode from 'vscode';
import { CONFIGURATIONS } from '../../engine/config/named-configurations.ts';
import { stringAt } from '../../engine/config/objects.ts';
import { RUN_FILE } from '../../engine/journal/layout.ts';
import { readRunFile } from '../../engine/journal/reader.ts';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import type { ErrorData } from '../../engine/protocol/errors.ts';
import { presetFor } from '../../engine/protocol/presets.ts';
import type { ComparedWith, NamedSetting } from '../../engine/runs/start-state.ts';
import { namedFields, namedSettings, placeOfName } from '../named-settings.ts';
import { errorInEditor, errorInFields } from '../remedies.ts';
import { currentModel, openSettings, runSettings, unset } from '../settings.ts';

/** An error in the terms of the source: as settings or as fields. */
export interface ExplainedStart {
  error: ErrorData;
  settings: NamedSetting[];
  usual: ComparedWith;
}

export interface StartValues {
  /** Finds the settings that an error names, and rewords its text with their names. */
  explain(error: ErrorData): ExplainedStart | Promise<ExplainedStart>;
  /** Opens a setting where it can be changed, or read. */
  open(id: string): unknown;
  /** Resets settings to the values of the preset. */
  reset?(names: readonly string[]): Promise<void>;
  /** Asks for other values, and starts again. */
  change?(again: () => Promise<void>): Promise<void>;
  /** Forks the run that could not be resumed. */
  fork?(): unknown;
  /** Whether the model comes from the settings. */
  fromSettings?: boolean;
  /** The file whose folder may have settings of its own. */
  scope?: vscode.Uri | undefined;
}

/** The settings of VS Code. @param dataset absolute path, or `embedded` */
export function settingValues(dataset: string): StartValues {
  const scope = dataset === EMBEDDED ? undefined : vscode.Uri.file(dataset);
  return {
    fromSettings: true,
    scope,
    explain: (error) => ({
      error: errorInEditor(error),
      settings: namedSettings(error, runSettings(scope), { model: currentModel(scope), dataset }),
      usual: 'preset',
    }),
    open: (id) => openSettings(id),
    reset: async (names) => {
      for (const name of names) await unset(placeOfName(name), scope);
    },
  };
}

/** A configuration of `rollscope.json`, including unsaved changes. @param read reads its values */
export function configurationValues(uri: vscode.Uri, name: string, read: () => Promise<object>): StartValues {
  const place = (path: string) => [CONFIGURATIONS, name, ...path.split('.')];
  return {
    explain: async (error) => {
      const { error: said, ...fields } = explainError(error, await read().catch(() => ({})));
      return { ...fields, error: withoutPlace(said, uri.fsPath) };
    },
    open: (path) => openField(uri, place(path)),
    reset: async (paths) => {
      const document = await vscode.workspace.openTextDocument(uri);
      const formattingOptions = { insertSpaces: true, tabSize: 2 };
      const text = paths.reduce(
        (now, path) => applyEdits(now, modify(now, place(path), undefined, { formattingOptions })),
        document.getText(),
      );
      // An edit that can be undone, and that the user saves.
      const edit = new vscode.WorkspaceEdit();
      const end = document.positionAt(document.getText().length);
      edit.replace(uri, new vscode.Range(document.positionAt(0), end), text);
      await vscode.workspace.applyEdit(edit);
    },
  };
}

/** The configuration of a run, which is fixed. @param fork forks the run with other settings */
export function runValues(folder: string, fork?: () => unknown): StartValues {
  return {
    explain: async (error) => {
      const { config } = await readRunFile(folder).catch(() => ({ config: {} }));
      return explainError(error, config ?? {});
    },
    open: (path) => openField(vscode.Uri.joinPath(vscode.Uri.file(folder), RUN_FILE), ['config', ...path.split('.')]),
    ...(fork && { fork }),
  };
}

/** Removes the file from an error's text, for a view whose fields are links into that file. */
function withoutPlace(error: ErrorData, file: string): ErrorData {
  const short = (text: string) => text.replaceAll(`${file}: `, '').replaceAll(file, basename(file));
  return { ...error, message: short(error.message), ...(error.hint && { hint: short(error.hint) }) };
}

/** An error in the fields of a configuration, compared with the preset of its model. */
function explainError(error: ErrorData, values: object): ExplainedStart {
  const preset = presetFor(
    stringAt(values, 'model') ?? EMBEDDED,
    (stringAt(values, 'dataset.path') ?? EMBEDDED) === EMBEDDED,
  );
  return { error: errorInFields(error), settings: namedFields(error, values, preset), usual: 'preset' };
}

/** Shows a field of a JSON file, or the closest object around it if the field is missing. */
async function openField(uri: vscode.Uri, place: JSONPath): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const root = parseTree(document.getText());
  let node: ReturnType<typeof findNodeAtLocation>;
  for (let depth = place.length; root && !node && depth > 0; depth--) {
    node = findNodeAtLocation(root, place.slice(0, depth));
  }
  const at = node?.parent?.type === 'property' ? node.parent : node;
  const start = document.positionAt(at?.offset ?? 0);
  const selection = new vscode.Range(start, document.positionAt((at?.offset ?? 0) + (at?.length ?? 0)));
  await vscode.window.showTextDocument(document, { selection, viewColumn: vscode.ViewColumn.Beside });
}
