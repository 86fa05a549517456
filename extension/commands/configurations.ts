/** Starting a run with a configuration of `rollscope.json`. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ParseError, parse } from 'jsonc-parser';
import * as vscode from 'vscode';
import { buildRunConfig } from '../../engine/config/layers.ts';
import { CONFIGURATIONS_FILE, namedConfiguration } from '../../engine/config/named-configurations.ts';
import type { ConfigValues } from '../../engine/config/objects.ts';
import { withAbsolutePaths } from '../../engine/config/paths.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { isObject } from '../../engine/protocol/values.ts';
import type { Rollscope } from '../app.ts';
import { type ConfigurationArgument, findConfigurations } from '../editor/configurations.ts';
import { withInterpreter } from '../interpreter.ts';
import { choose } from '../tell.ts';
import { attempt } from './attempt.ts';
import { launch } from './start.ts';
import { configurationValues } from './start-values.ts';

/** Starts the configuration of the argument, else one of the workspace that the user picks, with unsaved changes. */
export async function startConfiguration(app: Rollscope, argument: unknown): Promise<void> {
  const chosen = isConfiguration(argument) ? argument : await pick();
  if (!chosen) return;
  const { uri, name } = chosen;
  const place = vscode.Uri.parse(uri);
  const values = configurationValues(place, name, async () => (await read(place, name)).values);
  await attempt(app, { what: `start configuration ${name}`, values, begin: () => begin(app, place, name) });
}

async function read(uri: vscode.Uri, name: string) {
  const document = await vscode.workspace.openTextDocument(uri);
  const file = document.uri.fsPath;
  const base = { folder: path.dirname(file), home: os.homedir(), exists: existsSync };
  return { document, file, values: withAbsolutePaths(configurationOf(document, name), base) };
}

async function begin(app: Rollscope, uri: vscode.Uri, name: string): Promise<void> {
  const { document, file, values } = await read(uri, name);
  const job = values.job === 'probe' ? 'probe' : 'train';
  const config = buildRunConfig({ job }, [{ source: { kind: 'file', file }, values }]);
  await launch(app, await withInterpreter(config, document.uri));
}

function configurationOf(document: vscode.TextDocument, name: string): ConfigValues {
  const file = document.uri.fsPath;
  const errors: ParseError[] = [];
  const value: unknown = parse(document.getText(), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (!error && isObject(value)) return namedConfiguration(value, name, file);
  const line = document.positionAt(error?.offset ?? 0).line + 1;
  throw new RollscopeError('config', `${file}:${line} is not JSON.`, 'Correct the line.', {
    details: { reason: 'not-json', file, line },
  });
}

function isConfiguration(argument: unknown): argument is ConfigurationArgument {
  const { uri, name } = (argument ?? {}) as Partial<ConfigurationArgument>;
  return typeof uri === 'string' && typeof name === 'string';
}

async function pick(): Promise<ConfigurationArgument | undefined> {
  const files = await vscode.workspace.findFiles(`**/${CONFIGURATIONS_FILE}`, '**/node_modules/**', 100);
  const items = [];
  for (const file of files) {
    const document = await vscode.workspace.openTextDocument(file);
    for (const { name, job } of findConfigurations(document.getText())) {
      const description = `${job} · ${vscode.workspace.asRelativePath(file)}`;
      items.push({ label: name, description, argument: { uri: file.toString(), name } });
    }
  }
  if (items.length === 0) {
    throw new RollscopeError(
      'config',
      `No ${CONFIGURATIONS_FILE} with configurations is in this workspace.`,
      `Write one: {"configurations": {"first": {"dataset": {"path": "problems.jsonl"}}}}`,
    );
  }
  return (await choose(items, { title: 'Start Run from Configuration', placeHolder: 'Select a configuration' }))
    ?.argument;
}
