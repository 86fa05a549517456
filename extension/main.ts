/** Entry point of the extension. */
import './zod-setup.ts';
import type * as vscode from 'vscode';
import { Rollscope } from './app.ts';
import { act, registerCommands } from './commands.ts';
import { tell } from './tell.ts';

/** Called by VS Code. A failure is shown before it is thrown on, because VS Code only logs it. */
export function activate(context: vscode.ExtensionContext): void {
  try {
    const app: Rollscope = new Rollscope(context, (name, argument) => act(app, name, argument));
    context.subscriptions.push(app, registerCommands(app));
    void app.viewer.reattach().then(
      (run) => {
        if (run) app.viewer.show(run);
      },
      (error: unknown) => app.report.error(error),
    );
  } catch (error) {
    // VS Code only logs errors thrown here.
    const message = error instanceof Error ? error.message : String(error);
    void tell.error(`Rollscope cannot start: ${message}`, {});
    throw error;
  }
}
