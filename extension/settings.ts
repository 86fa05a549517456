/** Typed access to the settings, which `editor-settings.ts` defines. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { allowedFor } from '../engine/config/messages.ts';
import type { PathBase } from '../engine/config/paths.ts';
import type { FieldMap } from '../engine/protocol/config.ts';
import { EMBEDDED } from '../engine/protocol/embedded.ts';
import { RUN } from '../engine/protocol/settings/run.ts';
import { spellingsOf } from '../engine/protocol/settings/schema.ts';
import type { Shading } from '../engine/protocol/shades.ts';
import { isObject } from '../engine/protocol/values.ts';
import { REWARDS } from '../engine/reward/registry.ts';
import { EDITOR_SETTINGS, type EditorValues, type SettingId, settingName } from './editor-settings.ts';
import type { SettingPlace } from './named-settings.ts';
import { givenText, notAllowed, type ScopeSettings, SETTING_IDS } from './run-config.ts';

const SECTION = 'rollscope';

/** VS Code's configuration, restricted to the ids of described settings. */
interface Configuration {
  get<T>(id: SettingId, usual: T): T;
  inspect<T>(id: SettingId): { globalValue?: T; workspaceValue?: T; workspaceFolderValue?: T } | undefined;
  update(id: SettingId, value: unknown, target: vscode.ConfigurationTarget): Thenable<void>;
}

function configuration(scope?: vscode.Uri): Configuration {
  return vscode.workspace.getConfiguration(SECTION, scope) as Configuration;
}

/** The settings that affect runs; `scope` is the problem file, whose folder may have its own settings. */
export function runSettings(scope: vscode.Uri | undefined): ScopeSettings[] {
  const config = configuration(scope);
  const found = SETTING_IDS.map((id) => [id, config.inspect(id)] as const);
  const of = (value: 'globalValue' | 'workspaceValue' | 'workspaceFolderValue') =>
    Object.fromEntries(found.map(([id, values]) => [id, values?.[value]]));
  return [
    { scope: 'user', values: of('globalValue') },
    { scope: 'workspace', values: of('workspaceValue') },
    { scope: 'folder', values: of('workspaceFolderValue') },
  ];
}

/** The base of relative paths in settings: the workspace folder that contains the file, else the first one. */
export function placeOf(scope?: vscode.Uri): PathBase {
  const own = scope && vscode.workspace.getWorkspaceFolder(scope);
  const folder = (own ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath ?? null;
  return { folder, home: os.homedir(), exists: existsSync };
}

/**
 * A setting of the editor alone. VS Code only marks a value that is not allowed: here it is the default, since views are
 * drawn all the same.
 */
function editorSetting<Id extends keyof EditorValues>(id: Id, scope?: vscode.Uri): EditorValues[Id] {
  const value = allowedValue(id, configuration(scope).get<unknown>(id, undefined));
  return value === undefined ? (EDITOR_SETTINGS[id].default as EditorValues[Id]) : value;
}

/**
 * The same for what an engine is started with.
 * @throws RollscopeError `config` for a value that is not allowed
 */
function engineSetting<Id extends keyof EditorValues>(id: Id): EditorValues[Id] {
  const given = configuration().get<unknown>(id, undefined);
  if (given !== undefined && given !== null && allowedValue(id, given) === undefined)
    throw notAllowed(id, given, allowedFor(EDITOR_SETTINGS[id]));
  return editorSetting(id);
}

/** The value, in its usual spelling; undefined if it is not allowed. */
function allowedValue<Id extends keyof EditorValues>(id: Id, value: unknown): EditorValues[Id] | undefined {
  const { kind } = EDITOR_SETTINGS[id];
  if (kind.type === 'switch') return typeof value === 'boolean' ? (value as EditorValues[Id]) : undefined;
  if (typeof value !== 'string') return undefined;
  if (kind.type !== 'choice') return value as EditorValues[Id];
  const spelled = spellingsOf(kind.choices).get(value) ?? value;
  return Object.hasOwn(kind.choices, spelled) ? (spelled as EditorValues[Id]) : undefined;
}

/** The file in the active editor, whose workspace folder may have its own settings. */
export function fileInFront(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri && vscode.workspace.getWorkspaceFolder(uri) ? uri : undefined;
}

/** The reward in the settings: an expression in `rollscope.config` overrides `rollscope.reward`. */
export function currentReward(scope?: vscode.Uri): string {
  return givenText('reward', runSettings(scope), placeOf(scope)) ?? RUN.fields.reward.default!;
}

/**
 * Sets the reward where it is set now: in the folder or the workspace if it is set there, else for the user. A name is
 * written to `rollscope.reward`, any other expression to `rollscope.config`.
 */
export async function setReward(reward: string, scope?: vscode.Uri): Promise<void> {
  const isName = (REWARDS as readonly string[]).includes(reward);
  await changeExpression(isName ? undefined : reward, scope);
  if (isName) await configuration(scope).update('reward', reward, targetOf('reward', scope));
}

/** Writes the expression to `rollscope.config`, or removes it from every scope. */
async function changeExpression(reward: string | undefined, scope: vscode.Uri | undefined): Promise<void> {
  const config = configuration(scope);
  const found = config.inspect<Record<string, unknown>>('config');
  const places = [
    { value: found?.workspaceFolderValue, target: vscode.ConfigurationTarget.WorkspaceFolder },
    { value: found?.workspaceValue, target: vscode.ConfigurationTarget.Workspace },
    { value: found?.globalValue, target: vscode.ConfigurationTarget.Global },
  ];
  if (reward !== undefined) {
    const target = targetOf('config', scope);
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

/** Removes the value of a setting from every scope; with a path, only that field of the object that it is. */
export async function unset({ id, path }: SettingPlace, scope?: vscode.Uri): Promise<void> {
  const found = configuration(scope).inspect(id);
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  for (const [value, target] of [
    [found?.workspaceFolderValue, WorkspaceFolder],
    [found?.workspaceValue, Workspace],
    [found?.globalValue, Global],
  ] as const) {
    if (value === undefined) continue;
    const rest = path === null ? undefined : without(value, path.split('.'));
    await configuration(scope).update(id, rest, target);
  }
}

/** A copy of an object without the value at a path; undefined if nothing is left. */
function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (!isObject(value) || first === undefined) return value;
  const { [first]: inner, ...others } = value;
  const left = rest.length === 0 ? undefined : without(inner, rest);
  if (left !== undefined) return { ...others, [first]: left };
  return Object.keys(others).length > 0 ? others : undefined;
}

/** Opens the settings editor at a setting, or at all of them. */
export function openSettings(setting: string | null): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', setting ?? '@ext:rollscope.rollscope');
}

/** The chosen model: `embedded`, an absolute path, or a Hub id. */
export function currentModel(scope: vscode.Uri | undefined): string {
  return givenText('model', runSettings(scope), placeOf(scope)) ?? EMBEDDED;
}

/** Model, device and threads of the settings, for a command line; `auto` and 0 leave the choice to the engine. */
export function computeSettings(): { model: string; device: string; threads: number } {
  const scope = fileInFront();
  const config = configuration(scope);
  return { model: currentModel(scope), device: config.get('device', 'auto'), threads: config.get('threads', 0) };
}

/** Sets the model where it is set now: in the folder or the workspace if it is set there, else for the user. */
export async function chooseModel(model: string, scope = fileInFront()): Promise<void> {
  await configuration(scope).update('model', model, targetOf('model', scope));
}

/** The scope of a setting's value: the folder or the workspace if it is set there, else the user. */
function targetOf(name: SettingId, scope: vscode.Uri | undefined): vscode.ConfigurationTarget {
  const found = configuration(scope).inspect(name);
  if (found?.workspaceFolderValue !== undefined) return vscode.ConfigurationTarget.WorkspaceFolder;
  return found?.workspaceValue !== undefined ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
}

/** The folder for runs; null for the default. A relative path begins at the folder that is open, as in other settings. */
export function runsFolderSetting(): string | null {
  const given = expandHome(editorSetting('runsFolder').trim());
  const { folder, home } = placeOf();
  return given === '' ? null : path.resolve(folder ?? home, given);
}

/** The Node that runs the engine; null for VS Code's own. @throws RollscopeError `config` for anything but text */
export function engineNode(): string | null {
  return expandHome(engineSetting('engine.node').trim()) || null;
}

/** The sandbox for programs of rewards. @throws RollscopeError `config` for any other word */
export function sandbox(): EditorValues['engine.sandbox'] {
  return engineSetting('engine.sandbox');
}

/** What an engine with a run does once no window is connected. @throws RollscopeError `config` for any other word */
export function whenAlone(): EditorValues['engine.whenAlone'] {
  return engineSetting('engine.whenAlone');
}

/** Whether actions are offered above problems. @param scope the file: workspace folders can differ */
export function codeLensEnabled(scope: vscode.Uri): boolean {
  return editorSetting('codeLens', scope);
}

/** Whether results are shown next to problems. @param scope the file: workspace folders can differ */
export function inlineResultsEnabled(scope: vscode.Uri): boolean {
  return editorSetting('inlineResults', scope);
}

/** Names of columns by their role, as the user mapped them; empty without a map. Not checked. */
export function fieldsSetting(scope: vscode.Uri): FieldMap {
  const fields = configuration(scope).get<unknown>('fields', {});
  return isObject(fields) ? fields : {};
}

/** What shades the tokens of rollouts in the editor. */
export function shading(): Shading {
  return editorSetting('shading');
}

/** Stores the shading for all windows of the user. */
export async function setShading(value: Shading): Promise<void> {
  await configuration().update('shading', value, vscode.ConfigurationTarget.Global);
}

/** Calls the listener when one of these settings changes (any setting if none is named). */
export function onDidChangeSettings(names: readonly SettingId[], listener: () => unknown): vscode.Disposable {
  const keys = names.length ? names.map(settingName) : [SECTION];
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(key))) listener();
  });
}

function expandHome(value: string): string {
  return /^~[/\\]/.test(value) ? path.join(os.homedir(), value.slice(2)) : value;
}
