/** The status bar item of the folders that are followed. */
import * as vscode from 'vscode';
import { plural } from '../../engine/protocol/format.ts';
import { commandId } from '../command-definitions.ts';
import { Disposables } from '../disposables.ts';
import { plain, withoutIcons } from '../shown.ts';
import { throttle } from '../timing.ts';
import type { Imports } from './imports.ts';

const PACE = 250;

/** Shown while something is followed. */
export function followingItem(imports: Imports): vscode.Disposable {
  const scope = new Disposables();
  const item = scope.add(vscode.window.createStatusBarItem('rollscope.following', vscode.StatusBarAlignment.Left, 9));
  item.name = 'Rollscope: Followed Folders';
  item.command = commandId('stopFollowing');
  const heard = scope.add(new Disposables());
  const update = () => {
    const [first, ...others] = imports.following;
    if (!first) {
      item.hide();
      return;
    }
    const steps = first.progress ? `: ${plural(first.progress.steps, 'step')}` : '';
    const what = others.length === 0 ? `${first.name}${steps}` : `${others.length + 1} folders`;
    item.text = `$(eye) Following ${withoutIcons(what)}`;
    item.tooltip = plain([first, ...others].map(({ request }) => request.source).join('\n'));
    item.accessibilityInformation = { label: `Following ${what}`, role: 'button' };
    item.show();
  };
  const paced = scope.add(throttle(PACE, update));
  const listen = () => {
    heard.clear();
    for (const job of imports.following) heard.add(job.onDidProgress(() => paced()));
    paced();
  };
  scope.add(imports.onDidChange(listen));
  listen();
  return scope;
}
