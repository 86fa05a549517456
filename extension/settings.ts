/** The settings of section `rollscope`, typed. Defaults and ranges are declared in package.json. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { REWARDS } from '../engine/protocol/config.ts';
import type { Shading } from '../engine/protocol/shades.ts';
import { EMBEDDED, type RunSettings, withAbsolutePaths } from './run-config.ts';

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
    config: withAbsolutePaths(ownFields(config), { folder: folderOf(scope), home: os.homedir(), exists: existsSync }),
  };
}

/** The object of `rollscope.config`; the settings editor marks what is none. */
function ownFields(config: vscode.WorkspaceConfiguration): Record<string, unknown> {
  const value = config.get<unknown>('config');
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Folder of the workspace that a file belongs to, else the first one. */
function folderOf(scope?: vscode.Uri): string | null {
  const own = scope && vscode.workspace.getWorkspaceFolder(scope);
  return (own ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath ?? null;
}

/** The reward of the settings, as a command without a file would take it: an expression goes over the choice. */
export function currentReward(): string {
  const config = vscode.workspace.getConfiguration(SECTION);
  const expression = ownFields(config).reward;
  return typeof expression === 'string' ? expression : config.get<string>('reward', 'majority-vote');
}

/**
 * Chooses a reward where the choice stands: in the workspace when that says one, else for the user. A name goes to
 * `rollscope.reward`, any other expression to `rollscope.config`.
 */
export async function setReward(reward: string): Promise<void> {
  const isName = (REWARDS as readonly string[]).includes(reward);
  await changeExpression(isName ? undefined : reward);
  if (isName) await vscode.workspace.getConfiguration(SECTION).update('reward', reward, targetOf('reward'));
}

/** Writes the expression of `rollscope.config`, or takes it out of each place that has one. */
async function changeExpression(reward: string | undefined): Promise<void> {
  const config = vscode.workspace.getConfiguration(SECTION);
  const found = config.inspect<Record<string, unknown>>('config');
  const places = [
    { value: found?.workspaceValue, target: vscode.ConfigurationTarget.Workspace },
    { value: found?.globalValue, target: vscode.ConfigurationTarget.Global },
  ];
  if (reward !== undefined) {
    const target = targetOf('config');
    const value = places.find((place) => place.target === target)?.value;
    await config.update('config', { ...value, reward }, target);
    return;
  }
  for (const { value, target } of places) {
    if (value?.reward === undefined) continue;
    const { reward: _, ...rest } = value;
    await config.update('config', Object.keys(rest).length > 0 ? rest : undefined, target);
  }
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
  await vscode.workspace.getConfiguration(SECTION).update('model', model, targetOf('model'));
}

/** Where a setting stands: in the workspace when that has a value, else with the user. */
function targetOf(name: string): vscode.ConfigurationTarget {
  const inWorkspace = vscode.workspace.getConfiguration(SECTION).inspect(name)?.workspaceValue !== undefined;
  return inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
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
