/** Choosing the model: an embedded one, a recent one, a file, a folder, or one from the Hub. */
import path from 'node:path';
import * as vscode from 'vscode';
import { EMBEDDED, EMBEDDED_MODELS } from '../../engine/protocol/embedded.ts';
import type { Rollscope } from '../app.ts';
import { choose, type QuickRow, write } from '../tell.ts';
import { isLocal, ModelItem, modelName } from '../trees/models.ts';

interface ModelPick extends QuickRow {
  /** Undefined for separators and for adding a model. */
  model?: string;
  choose?: () => Promise<string | undefined>;
}

/**
 * Asks for a model and makes it the one that runs use. Nothing changes if the user cancels.
 * @param argument a file whose folder may have a model of its own; by default, the file in the active editor
 */
export async function addModel(app: Rollscope, argument?: unknown): Promise<void> {
  const model = await pickModel(app, 'Select the model to train and probe');
  if (model) await app.models.use(model, argument instanceof vscode.Uri ? argument : undefined);
}

/** Asks for a model; undefined where none was chosen. */
export async function pickModel(app: Rollscope, placeHolder: string): Promise<string | undefined> {
  const { current, recent } = app.models;
  const known = [EMBEDDED, ...recent];
  const item = (model: string): ModelPick => ({
    icon: model === current ? 'check' : 'circle-outline',
    label: modelName(model),
    description: EMBEDDED_MODELS[model] ?? (isLocal(model) ? path.dirname(model) : 'Hugging Face Hub'),
    model,
    choose: async () => model,
  });
  const others = Object.keys(EMBEDDED_MODELS).filter((model) => !known.includes(model));
  const items: ModelPick[] = [
    ...known.map(item),
    { label: 'Embedded models for experiments', kind: vscode.QuickPickItemKind.Separator },
    ...others.map(item),
    { label: 'Add', kind: vscode.QuickPickItemKind.Separator },
    { icon: 'file', label: 'GGUF file…', description: 'from disk', choose: chooseFile },
    {
      icon: 'folder',
      label: 'Hugging Face folder…',
      description: 'config.json and safetensors',
      choose: chooseFolder,
    },
    { icon: 'cloud-download', label: 'Hugging Face Hub…', description: 'by id, downloaded once', choose: askHub },
  ];
  const chosen = await choose(items, {
    title: 'Model',
    placeHolder,
    matchOnDescription: true,
  });
  return chosen?.choose?.();
}

/** @param argument the item of the Models view that was clicked */
export async function useModel(app: Rollscope, argument: unknown): Promise<void> {
  if (argument instanceof ModelItem) await app.models.use(argument.model);
}

/** Takes a model from the list; its files stay. @param argument the item of the Models view */
export async function removeModel(app: Rollscope, argument: unknown): Promise<void> {
  if (argument instanceof ModelItem) await app.models.remove(argument.model);
}

async function chooseFile(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Choose a model',
    openLabel: 'Use Model',
    filters: { 'GGUF models': ['gguf'] },
  });
  return chosen?.[0]?.fsPath;
}

async function chooseFolder(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Choose a Hugging Face folder',
    openLabel: 'Use Model',
    canSelectFolders: true,
    canSelectFiles: false,
  });
  return chosen?.[0]?.fsPath;
}

async function askHub(): Promise<string | undefined> {
  const name = await write({
    title: 'Hugging Face Hub',
    prompt: 'Hub id of a model, such as Qwen/Qwen3-0.6B. It is downloaded on first use.',
    validateInput: (value) => {
      const valid = /^[\w.-]+\/[\w.-]+(@[\w.-]+)?$/.test(value.trim());
      return value.trim() === '' || valid ? undefined : 'Use the form owner/model or owner/model@revision.';
    },
  });
  return name?.trim() || undefined;
}
