/** Sets context keys, each only when it changes. */
import * as vscode from 'vscode';
import { CONTEXT_KEYS, type ContextKey, type ContextValues } from './context-keys.ts';

/**
 * Setting a context key sends a message to the window and evaluates all `when` clauses again, although most calls
 * change nothing.
 */
export class ContextSetter {
  private readonly known = new Map<ContextKey, string>();

  set<K extends ContextKey>(key: K, value: ContextValues[K]): void {
    const text = JSON.stringify(value);
    if (this.known.get(key) === text) return;
    this.known.set(key, text);
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS[key], value);
  }
}
