/**
 * A stand-in for VS Code's user interface, without an editor: settings by scope, prepared answers to questions, and a record
 * of everything shown. Tests use it by `vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode)`.
 */
import { readFileSync } from 'node:fs';

export interface Row {
  label: string;
  description?: string;
  detail?: string;
  kind?: number;
  [key: string]: unknown;
}

export interface Asked {
  items: Row[];
  options: { validateInput?: (text: string) => string | null; [key: string]: unknown };
}

/** A function chooses a row, a text is typed, and `undefined` cancels. */
export type Answer = ((row: Row) => boolean) | string | string[] | undefined;

export interface Shown {
  kind: 'information' | 'warning' | 'error' | 'status';
  message: string;
  detail?: string;
  buttons: string[];
}

export const editor = {
  user: {} as Record<string, unknown>,
  workspace: {} as Record<string, unknown>,
  answers: [] as Answer[],
  /** Buttons to press in notifications, in order; none if empty. */
  pressed: [] as string[],
  asked: [] as Asked[],
  shown: [] as Shown[],
  trusted: true,
  commands: new Map<string, (...args: unknown[]) => unknown>(),
  executed: [] as unknown[][],
  views: [] as { id: string; message?: string }[],
  tasks: [] as { definition: object }[],
  statusItems: [] as { text: string; tooltip?: unknown; backgroundColor?: unknown }[],
  /** Texts of documents by path; others are read from disk. */
  texts: {} as Record<string, string>,
  taskStarted: (_: object): void => {},
  taskEnded: (_: object): void => {},
};

/** Clears the record of what was shown and asked, and sets the user's settings. */
export function resetEditor(user: Record<string, unknown> = {}): void {
  Object.assign(editor, {
    user,
    workspace: {},
    answers: [],
    pressed: [],
    asked: [],
    shown: [],
    executed: [],
    views: [],
    tasks: [],
    statusItems: [],
    texts: {},
    trusted: true,
  });
  editor.commands.clear();
}

async function answer(items: unknown, options: Asked['options']): Promise<unknown> {
  const rows = (await items) as Row[];
  editor.asked.push({ items: rows, options });
  const wanted = editor.answers.shift();
  return typeof wanted === 'function' ? rows.find(wanted) : wanted;
}

function show(kind: Shown['kind']) {
  return async (message: string, ...rest: (string | { detail?: string })[]) => {
    const buttons = rest.filter((part) => typeof part === 'string');
    const detail = rest.find((part) => typeof part === 'object')?.detail;
    editor.shown.push({ kind, message, ...(detail && { detail }), buttons });
    const pressed = editor.pressed.shift();
    return buttons.find((button) => button === pressed);
  };
}

export const vscode = {
  ConfigurationTarget: { Global: 1, Workspace: 2 },
  QuickPickItemKind: { Separator: -1, Default: 0 },
  ProgressLocation: { Window: 10, Notification: 15 },
  StatusBarAlignment: { Left: 1, Right: 2 },
  TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
  Disposable: { from: () => ({ dispose: () => undefined }) },
  TreeItem: class {
    constructor(readonly label: string) {}
  },
  CodeLens: class {
    constructor(
      readonly range: unknown,
      readonly command: { title: string; command: string; tooltip?: string },
    ) {}
  },
  Range: class {
    constructor(
      readonly line: number,
      readonly end?: unknown,
    ) {}
  },
  WorkspaceEdit: class {
    readonly edits: (readonly [uri: { fsPath: string }, text: string])[] = [];
    replace(uri: { fsPath: string }, _: unknown, text: string) {
      this.edits.push([uri, text]);
    }
  },
  ViewColumn: { Active: -1, Beside: -2 },
  TabInputText: class {},
  TabInputCustom: class {},
  TabInputWebview: class {},
  FileSystemError: { FileNotFound: Error, Unavailable: Error, NoPermissions: Error },
  ThemeIcon: class {
    static readonly File = new this('file');
    constructor(
      readonly id: string,
      readonly color?: unknown,
    ) {}
  },
  ThemeColor: class {
    constructor(readonly id: string) {}
  },
  MarkdownString: class {
    value: string;
    constructor(value = '') {
      this.value = value;
    }
    appendText(text: string) {
      this.value += text;
      return this;
    }
    appendMarkdown(text: string) {
      this.value += text;
      return this;
    }
  },
  Uri: class {
    private constructor(readonly fsPath: string) {}
    readonly scheme = 'file';
    get path() {
      return this.fsPath;
    }
    static file(fsPath: string) {
      return new this(fsPath);
    }
    static parse(text: string) {
      return new this(text.replace(/^file:\/\//, ''));
    }
    toString() {
      return `file://${this.fsPath}`;
    }
    static joinPath(base: { fsPath: string }, ...parts: string[]) {
      return new this([base.fsPath, ...parts].join('/'));
    }
  },
  EventEmitter: class {
    readonly event = () => ({ dispose: () => undefined });
    fire(): void {}
    dispose(): void {}
  },
  TaskScope: { Global: 1, Workspace: 2 },
  TaskRevealKind: { Always: 1 },
  TaskPanelKind: { Dedicated: 2 },
  ProcessExecution: class {
    constructor(
      readonly process: string,
      readonly args: string[],
      readonly options: object,
    ) {}
  },
  Task: class {
    constructor(
      readonly definition: object,
      readonly scope: unknown,
      readonly name: string,
      readonly source: string,
      readonly execution: object,
    ) {}
  },
  tasks: {
    registerTaskProvider: () => ({ dispose: () => undefined }),
    executeTask: async (task: { definition: object }) => void editor.tasks.push(task),
    onDidStartTask: (listener: (event: object) => void) => {
      editor.taskStarted = listener;
      return { dispose: () => undefined };
    },
    onDidEndTaskProcess: (listener: (event: object) => void) => {
      editor.taskEnded = listener;
      return { dispose: () => undefined };
    },
  },
  languages: { registerCodeLensProvider: () => ({ dispose: () => undefined }) },
  commands: {
    registerCommand: (id: string, action: (...args: unknown[]) => unknown) => {
      editor.commands.set(id, action);
      return { dispose: () => editor.commands.delete(id) };
    },
    executeCommand: async (...args: unknown[]) => void editor.executed.push(args),
  },
  window: {
    activeTextEditor: undefined,
    visibleTextEditors: [],
    onDidChangeTextEditorSelection: () => ({ dispose: () => undefined }),
    tabGroups: { activeTabGroup: {}, all: [] },
    createStatusBarItem: () => {
      const item = { text: '', show() {}, hide() {}, dispose() {} };
      editor.statusItems.push(item);
      return item;
    },
    createTreeView: (id: string) => {
      const view = { id, visible: false, onDidChangeVisibility: () => ({ dispose: () => undefined }), dispose() {} };
      editor.views.push(view);
      return view;
    },
    createQuickPick: () => {
      const pick: Record<string, unknown> = { hide() {}, dispose() {} };
      for (const event of ['onDidAccept', 'onDidTriggerItemButton', 'onDidHide']) pick[event] = () => undefined;
      pick.show = () => {
        const { items, title, placeholder } = pick;
        editor.asked.push({ items: items as Row[], options: { title, placeHolder: placeholder } });
      };
      return pick;
    },
    showTextDocument: async (...args: unknown[]) => void editor.executed.push(['showTextDocument', ...args]),
    showQuickPick: answer,
    showInputBox: (options: Asked['options']) => answer([], options),
    showOpenDialog: async (options: Asked['options']) => {
      const files = (await answer([], options)) as string[] | undefined;
      return files?.map((file) => vscode.Uri.file(file));
    },
    setStatusBarMessage: (message: string) => void editor.shown.push({ kind: 'status', message, buttons: [] }),
    showInformationMessage: show('information'),
    showWarningMessage: show('warning'),
    showErrorMessage: show('error'),
    withProgress: (options: { title?: string }, work: (...given: unknown[]) => unknown) => {
      editor.shown.push({ kind: 'status', message: options.title ?? '', buttons: [] });
      return work({ report() {} }, { onCancellationRequested: () => ({ dispose() {} }) });
    },
    createOutputChannel: () => ({ info() {}, warn() {}, error() {}, show() {}, dispose() {} }),
  },
  workspace: {
    get isTrusted() {
      return editor.trusted;
    },
    workspaceFolders: undefined,
    textDocuments: [] as unknown[],
    openTextDocument: async (uri: { fsPath: string }) => ({
      uri,
      getText: () => editor.texts[uri.fsPath] ?? readFileSync(uri.fsPath, 'utf8'),
      positionAt: (offset: number) => offset,
    }),
    applyEdit: async ({ edits }: { edits: (readonly [uri: { fsPath: string }, text: string])[] }) => {
      for (const [{ fsPath }, text] of edits) editor.texts[fsPath] = text;
      return true;
    },
    onDidChangeWorkspaceFolders: () => ({ dispose: () => undefined }),
    getWorkspaceFolder: () => undefined,
    asRelativePath: (uri: string | { fsPath: string }) => (typeof uri === 'string' ? uri : uri.fsPath),
    onDidChangeConfiguration: () => ({ dispose: () => undefined }),
    getConfiguration: () => ({
      get: (name: string, usual?: unknown) => editor.workspace[name] ?? editor.user[name] ?? usual ?? null,
      inspect: (name: string) => ({ globalValue: editor.user[name], workspaceValue: editor.workspace[name] }),
      update: async (name: string, value: unknown, target: number) => {
        const scope = target === 2 ? editor.workspace : editor.user;
        if (value === undefined) delete scope[name];
        else scope[name] = value;
      },
    }),
  },
};
