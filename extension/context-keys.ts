/** Context keys of `when` clauses, set only when they change. */
import * as vscode from 'vscode';
import type { Shading } from '../engine/protocol/shades.ts';
import type { Health, RunKey } from './health.ts';

interface Keys {
  /** The extension is active. */
  active: boolean;
  engine: Health;
  run: RunKey;
  /** The active editor shows a problem set. */
  problemSet: boolean;
  /** The panel is open. */
  panel: boolean;
  /** A rollout is open in an editor. */
  rollout: boolean;
  shading: Shading;
  /** Paths of the workspace's problem files. */
  problemFiles: Record<string, true>;
}

export class ContextKeys {
  private readonly known = new Map<keyof Keys, string>();

  set<K extends keyof Keys>(key: K, value: Keys[K]): void {
    const text = JSON.stringify(value);
    if (this.known.get(key) === text) return;
    this.known.set(key, text);
    void vscode.commands.executeCommand('setContext', `rollscope.${key}`, value);
  }
}
