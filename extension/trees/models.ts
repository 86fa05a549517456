/** The Models view and its list: the embedded model, recently used ones, and those of other programs on this machine. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { EMBEDDED, isEmbedded } from '../../engine/protocol/embedded.ts';
import { bytes } from '../../engine/protocol/format.ts';
import { withoutEnd } from '../../engine/protocol/trim-end.ts';
import { type FoundModel, findModels } from '../../engine/system/found-models.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { commandOf } from '../command-definitions.ts';
import { type ItemContext, MEMORY } from '../ids.ts';
import { chooseModel, currentModel, fileInFront, onDidChangeSettings } from '../settings.ts';
import { plain } from '../shown.ts';
import { Rows } from './rows.ts';

const MAX_RECENT_MODELS = 20;

/** A model's display name: the last part of its path, or its Hub id. */
export function modelName(model: string): string {
  return isLocal(model) ? withoutEnd(model, /[\\/]/).split(/[\\/]/).at(-1)! : model;
}

/** Whether a model is on this machine's file system: neither embedded nor a Hub id. */
export function isLocal(model: string): boolean {
  if (model === EMBEDDED) return false;
  return path.isAbsolute(model) || /\.gguf$/i.test(model) || /^[a-z]:[\\/]/i.test(model);
}

/** Whether it is a file or folder that was deleted or moved. */
function isMissing(model: string): boolean {
  return isLocal(model) && !isEmbedded(model) && !existsSync(model);
}

/** Recently used models, the latest first. */
export class ModelList {
  private readonly scope = new Disposables();
  private readonly changeEmitter = this.scope.add(new Emitter<void>());
  readonly onDidChange = this.changeEmitter.event;

  constructor(private readonly memory: vscode.Memento) {
    this.scope.add(onDidChangeSettings(['model'], () => this.changeEmitter.fire()));
    let shown = this.current;
    this.scope.add(
      vscode.window.onDidChangeActiveTextEditor(() => {
        if (shown !== this.current) this.changeEmitter.fire();
        shown = this.current;
      }),
    );
  }

  /** The model for the file in the active editor, whose folder may have its own. */
  get current(): string {
    return currentModel(fileInFront());
  }

  /** The model for runs on a file, whose folder may have its own. */
  currentFor(file: vscode.Uri): string {
    return currentModel(file);
  }

  get recent(): string[] {
    const known = this.memory.get<string[]>(MEMORY.models, []);
    const current = this.current;
    return current === EMBEDDED || known.includes(current) ? known : [current, ...known];
  }

  /** @param file the file whose folder's model is changed, if the folder has its own */
  async use(model: string, file = fileInFront()): Promise<void> {
    if (model !== EMBEDDED) {
      await this.memory.update(
        MEMORY.models,
        [model, ...this.recent.filter((other) => other !== model)].slice(0, MAX_RECENT_MODELS),
      );
    }
    await chooseModel(model, file);
    this.changeEmitter.fire();
  }

  /** Removes a model from the list; if it was chosen, the embedded model becomes the chosen one. */
  async remove(model: string): Promise<void> {
    await this.memory.update(
      MEMORY.models,
      this.recent.filter((other) => other !== model),
    );
    if (this.current === model) await chooseModel(EMBEDDED);
    this.changeEmitter.fire();
  }

  dispose(): void {
    this.scope.dispose();
  }
}

/** A row of the view: a model as `--model` takes it, marked where its files are gone. */
export class ModelItem extends vscode.TreeItem {
  /**
   * @param missing whether its file or folder is gone
   * @param found whether it belongs to another program on this machine and no run has used it yet
   */
  constructor(
    readonly model: string,
    current: boolean,
    missing = false,
    found: FoundModel | null = null,
  ) {
    const name = found?.name ?? modelName(model);
    super(plain(name));
    this.id = model;
    const where = found
      ? `${found.owner}, ${bytes(found.bytes)}`
      : isEmbedded(model)
        ? 'included with Rollscope'
        : isLocal(model)
          ? plain(path.dirname(model))
          : 'Hugging Face Hub';
    const state = missing ? `${current ? 'chosen, but ' : ''}missing · ` : current ? 'in use · ' : '';
    this.description = `${state}${where}`;
    this.tooltip = model === EMBEDDED ? 'A tiny model included with Rollscope. No download needed.' : plain(model);
    this.iconPath = missing
      ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'))
      : new vscode.ThemeIcon(current ? 'check' : 'circle-outline');
    const kind = model === EMBEDDED ? 'model.embedded' : found ? 'model.found' : 'model.recent';
    this.contextValue = kind satisfies ItemContext;
    this.command = commandOf('useModel', [this]);
    this.accessibilityInformation = { label: plain(`${name}, ${this.description}`) };
  }
}

/** The rows of the view; read again after `refresh`. */
export class ModelsTree extends Rows<ModelItem> {
  constructor(private readonly models: ModelList) {
    super();
  }

  protected async load(): Promise<ModelItem[]> {
    const { current, recent } = this.models;
    const own = [EMBEDDED, ...recent].map((model) => new ModelItem(model, model === current, isMissing(model)));
    const others = (await findModels()).filter(({ model }) => !recent.includes(model));
    return [...own, ...others.map((found) => new ModelItem(found.model, false, false, found))];
  }
}
