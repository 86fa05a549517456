/** The one status item; what it says is decided in health.ts. */
import * as vscode from 'vscode';
import { STATUS_COMMANDS, type StatusContent } from './health.ts';

export class StatusItem {
  private readonly item: vscode.StatusBarItem;

  constructor() {
    this.item = vscode.window.createStatusBarItem('rollscope.status', vscode.StatusBarAlignment.Left, 10);
    this.item.name = 'Rollscope';
    this.item.show();
  }

  update(content: StatusContent): void {
    const tooltip = new vscode.MarkdownString(content.tooltip);
    tooltip.isTrusted = { enabledCommands: STATUS_COMMANDS };
    this.item.text = content.text;
    this.item.tooltip = tooltip;
    this.item.command = content.command;
    this.item.accessibilityInformation = { label: content.label, role: 'button' };
    this.item.backgroundColor = content.error ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}
