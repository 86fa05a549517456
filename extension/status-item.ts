/** The status bar item; `status-content.ts` determines its content. */
import * as vscode from 'vscode';
import { commandId } from './command-definitions.ts';
import { STATUS_COMMANDS, type StatusContent } from './status-content.ts';

const STATUS_ID = 'rollscope.status';

/** Always there, so that it can be hidden like any other item; its hover may run the commands of the status only. */
export class StatusItem {
  private readonly item: vscode.StatusBarItem;

  constructor() {
    this.item = vscode.window.createStatusBarItem(STATUS_ID, vscode.StatusBarAlignment.Left, 10);
    this.item.name = 'Rollscope';
    this.item.show();
  }

  update(content: StatusContent): void {
    const tooltip = new vscode.MarkdownString(content.tooltip);
    tooltip.isTrusted = { enabledCommands: STATUS_COMMANDS.map(commandId) };
    this.item.text = content.text;
    this.item.tooltip = tooltip;
    this.item.command = content.command;
    this.item.accessibilityInformation = { label: content.label, role: 'button' };
    this.item.backgroundColor = content.color
      ? new vscode.ThemeColor(`statusBarItem.${content.color}Background`)
      : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}
