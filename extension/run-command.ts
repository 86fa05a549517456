/** Runs one of the extension's own commands. */
import * as vscode from 'vscode';
import { type CommandName, commandId } from './command-definitions.ts';

export function runCommand(name: CommandName, ...args: unknown[]): Thenable<unknown> {
  return vscode.commands.executeCommand(commandId(name), ...args);
}
