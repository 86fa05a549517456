/** Runs one of the extension's own commands. */
import * as vscode from 'vscode';
import { type CommandName, commandId } from './command-definitions.ts';

/** Resolves with what the command returns. @param args as its action takes them */
export function runCommand(name: CommandName, ...args: unknown[]): Thenable<unknown> {
  return vscode.commands.executeCommand(commandId(name), ...args);
}
