/** The log, and the one way in which errors are shown. */
import * as vscode from 'vscode';
import { RollscopeError, toErrorData } from '../engine/protocol/index.ts';
import { visible } from '../engine/protocol/visible.ts';
import { inEditor, settingIn } from './remedies.ts';
import { runCommand } from './run-command.ts';
import { openSettings } from './settings.ts';
import { tell } from './tell.ts';

/** Buttons and their actions. */
export type Buttons = Record<string, () => unknown>;

interface Asking {
  kind?: 'warning' | 'error';
  withLog?: boolean;
}

const SHOW_LOG = 'Show Log';

/** Everything that is shown is also logged. Cancellations are neither shown nor logged. */
export class Reporter {
  private readonly channel = vscode.window.createOutputChannel('Rollscope', { log: true });

  log(level: 'info' | 'warning' | 'error', message: string): void {
    const text = visible(message);
    if (level === 'info') this.channel.info(text);
    else if (level === 'warning') this.channel.warn(text);
    else this.channel.error(text);
  }

  showLog(): void {
    this.channel.show(true);
  }

  /** Logs an error that is shown elsewhere, a bug with its stack. */
  record(error: unknown): void {
    const { code, message } = toErrorData(error);
    if (code === 'canceled') return;
    this.log(
      'error',
      error instanceof RollscopeError || !(error instanceof Error) ? message : (error.stack ?? message),
    );
  }

  /** Shows an error: nothing after a cancellation, and a bug as such. */
  error(error: unknown, choices: Buttons = {}): void {
    const { code, message, hint, details } = toErrorData(error);
    if (code === 'canceled') return;
    this.record(error);
    const more: Buttons = { ...choices };
    if (code === 'model') more['Choose Model'] = () => runCommand('chooseModel');
    if (code === 'config') more['Open Settings'] = () => openSettings(settingIn(details?.field));
    const text = code === 'internal' ? `Rollscope failed: ${message}` : hint ? `${message} ${hint}` : message;
    void this.ask(inEditor(text, details), more, { kind: 'error' });
  }

  /**
   * One notification with buttons, the last of them Show Log. There is room for three buttons.
   * @param asking `withLog`: whether the log says more
   */
  async ask(message: string, choices: Buttons, { kind = 'warning', withLog = true }: Asking = {}): Promise<void> {
    const all: Buttons = { ...choices, ...(withLog && { [SHOW_LOG]: () => this.showLog() }) };
    const chosen = await tell[kind](message, {}, ...Object.keys(all));
    if (!chosen) return;
    try {
      await all[chosen]?.();
    } catch (error) {
      this.error(error);
    }
  }

  dispose(): void {
    this.channel.dispose();
  }
}
