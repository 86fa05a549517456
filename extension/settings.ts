/** The settings of section `rollscope`, typed. Defaults and ranges are declared in package.json. */
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Shading } from '../engine/protocol/shades.ts';
import { EMBEDDED, type RunSettings } from './run-config.ts';

const SECTION = 'rollscope';

/** Settings of runs; `scope` is the problem file, whose folder may have settings of its own. */
export function runSettings(scope?: vscode.Uri): RunSettings {
  const config = vscode.workspace.getConfiguration(SECTION, scope);
  const get = <T>(name: string) => config.get<T>(name) as T;
  return {
    model: currentModel(),
    reward: get('reward'),
    device: get('device'),
    threads: get('threads'),
    memoryLimit: get('memoryLimit'),
    steps: get('steps'),
    batch: get('batch'),
    votes: get('votes'),
    group: get('group'),
    temperature: get('temperature'),
    maxTokens: get('maxTokens'),
    learningRate: get('learningRate'),
    loraRank: get('loraRank'),
    evaluationSamples: get('evaluationSamples'),
    seed: get('seed'),
    fields: get('fields'),
    promptTemplate: get('promptTemplate'),
    systemPrompt: get('systemPrompt'),
  };
}

/** The chosen model: `embedded`, an absolute path, or a Hub id. */
export function currentModel(): string {
  const model = expandHome(text('model')) || EMBEDDED;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const relative = /^\.{1,2}[/\\]|\.gguf$/i.test(model) && !path.isAbsolute(model);
  return relative && folder ? path.resolve(folder, model) : model;
}

/** Chooses a model where the choice stands: in the workspace when it says one, else for the user. */
export async function chooseModel(model: string): Promise<void> {
  const config = vscode.workspace.getConfiguration(SECTION);
  const inWorkspace = config.inspect<string>('model')?.workspaceValue !== undefined;
  const target = inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await config.update('model', model, target);
}

/** The user's runs folder; null for the usual one. */
export function runsFolderSetting(): string | null {
  return expandHome(text('runsFolder')) || null;
}

/** The Node that runs the engine; null for the editor's own. */
export function engineNode(): string | null {
  return expandHome(text('engine.node')) || null;
}

export function whenAlone(): 'go-on' | 'stop' {
  return vscode.workspace.getConfiguration(SECTION).get<'go-on' | 'stop'>('engine.whenAlone', 'go-on');
}

export function codeLensEnabled(scope: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration(SECTION, scope).get('codeLens', true);
}

export function inlineResultsEnabled(scope: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration(SECTION, scope).get('inlineResults', true);
}

export function fieldsSetting(scope: vscode.Uri): NonNullable<RunSettings['fields']> {
  return vscode.workspace.getConfiguration(SECTION, scope).get('fields', {});
}

export function shading(): Shading {
  return vscode.workspace.getConfiguration(SECTION).get<Shading>('shading', 'probability');
}

export async function setShading(value: Shading): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update('shading', value, vscode.ConfigurationTarget.Global);
}

/** Calls the listener when one of the named settings changes (all, when none is named). */
export function onDidChangeSettings(names: readonly string[], listener: () => unknown): vscode.Disposable {
  const keys = names.length ? names.map((name) => `${SECTION}.${name}`) : [SECTION];
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(key))) listener();
  });
}

function text(name: string): string {
  return vscode.workspace.getConfiguration(SECTION).get<string>(name, '').trim();
}

function expandHome(value: string): string {
  return /^~[/\\]/.test(value) ? path.join(os.homedir(), value.slice(2)) : value;
}
