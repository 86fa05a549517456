/** Notifications and quick picks: the only place that calls them, so that every text goes through `shown.ts`. */
import * as vscode from 'vscode';
import { notice } from './shown.ts';

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

/** A quick pick of several items; undefined where it was closed. */
export async function chooseSeveral<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T[] | undefined> {
  // What was checked is not lost to a panel that takes the focus.
  return vscode.window.showQuickPick(items, { ...options, canPickMany: true, ignoreFocusOut: true });
}

/** A quick pick. Texts from elsewhere in its items went through `withoutIcons`. */
export async function choose<T extends vscode.QuickPickItem>(
  items: readonly T[] | Thenable<T[]>,
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  return vscode.window.showQuickPick(items, options);
}
