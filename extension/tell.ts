/** Notifications, quick picks and input boxes: the only place that calls them, so that every text goes through `shown.ts`. */
import * as vscode from 'vscode';
import { oneLine } from '../engine/protocol/texts.ts';
import { notice, plain, withoutIcons } from './shown.ts';

type Modal = vscode.MessageOptions;
type Show = (message: string, options: Modal, ...buttons: string[]) => Thenable<string | undefined>;

function showing(show: Show) {
  return (message: string, { modal = false, detail }: Modal, ...buttons: string[]): Thenable<string | undefined> =>
    show(notice(message), { modal, ...(detail !== undefined && { detail: notice(detail) }) }, ...buttons);
}

/** The three kinds of notifications; modal ones may have a detail. */
export const tell = {
  information: showing((...given) => vscode.window.showInformationMessage(...given)),
  warning: showing((...given) => vscode.window.showWarningMessage(...given)),
  error: showing((...given) => vscode.window.showErrorMessage(...given)),
};

/** A row of a quick pick: its texts may come from anywhere. */
export interface QuickRow extends vscode.QuickPickItem {
  /** Name of an icon before the label. Icons within texts are escaped, since texts are not trusted. */
  icon?: string;
}

/** Longest text of a row, in characters: a row has one line, and names and ids any length. */
const MAX_TEXT_LENGTH = 300;

/** As the editor shows it. */
function row<T extends QuickRow>(item: T): T {
  const { icon, label, description, detail } = item;
  const text = (given: string) => withoutIcons(oneLine(given, MAX_TEXT_LENGTH));
  return {
    ...item,
    label: icon === undefined ? text(label) : `$(${icon}) ${text(label)}`,
    ...(description !== undefined && { description: text(description) }),
    ...(detail !== undefined && { detail: text(detail) }),
  };
}

function headed<O extends { title?: string; placeHolder?: string }>(options: O): O {
  const { title, placeHolder } = options;
  return {
    ...options,
    ...(title !== undefined && { title: plain(oneLine(title, MAX_TEXT_LENGTH)) }),
    ...(placeHolder !== undefined && { placeHolder: plain(oneLine(placeHolder, MAX_TEXT_LENGTH)) }),
  };
}

/** A quick pick of several items; undefined where it was closed. */
export async function chooseSeveral<T extends QuickRow>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T[] | undefined> {
  // Keeps what was checked if the panel takes the focus.
  return vscode.window.showQuickPick(items.map(row), { ...headed(options), canPickMany: true, ignoreFocusOut: true });
}

/** A quick pick. */
export async function choose<T extends QuickRow>(
  items: readonly T[] | Thenable<T[]>,
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  const rows = Array.isArray(items) ? items.map(row) : (items as Thenable<T[]>).then((all) => all.map(row));
  return vscode.window.showQuickPick<T>(rows, headed(options));
}

/** A quick pick whose rows have a button. It stays until something is chosen or it is closed. */
export function chooseOrPress<T extends QuickRow>(
  items: readonly T[],
  { title, placeHolder, button }: { title: string; placeHolder: string; button: vscode.QuickInputButton },
  { choose: chosen, press }: { choose(item: T): void; press(item: T): void },
): void {
  const pick = vscode.window.createQuickPick<T>();
  const head = headed({ title, placeHolder });
  pick.title = head.title;
  pick.placeholder = head.placeHolder;
  pick.items = items.map((item) => ({ ...row(item), buttons: [button] }));
  pick.onDidAccept(() => {
    const [item] = pick.selectedItems;
    pick.hide();
    if (item) chosen(item);
  });
  pick.onDidTriggerItemButton(({ item }) => {
    pick.hide();
    press(item);
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

/** A text that the user writes; undefined where the box was closed. */
export function write(options: vscode.InputBoxOptions): Thenable<string | undefined> {
  const { prompt } = options;
  return vscode.window.showInputBox({ ...headed(options), ...(prompt !== undefined && { prompt: plain(prompt) }) });
}
