/** The status bar item of the folders that are followed. */
import * as vscode from 'vscode';
import {
  type Diagnosis,
  diagnosisMeaning,
  diagnosisText,
  type Severity,
  severityOf,
} from '../../engine/protocol/diagnosis.ts';
import { plural } from '../../engine/protocol/format.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import { throttle } from '../../engine/view/timing.ts';
import { commandId } from '../command-definitions.ts';
import { plain, withoutIcons } from '../shown.ts';
import type { FollowedRuns } from './followed-runs.ts';
import type { Imports } from './imports.ts';

const UPDATE_INTERVAL_MS = 250;

/** Shown while a folder is followed. A run with an alarm determines its text and color, as one of our own does. */
export function followingItem(
  imports: Imports,
  followed: Pick<FollowedRuns, 'runs' | 'onDidChange'>,
): vscode.Disposable {
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
    const bad = mostSevere(followed.runs);
    const word = bad ? ` · ${diagnosisText(bad)}` : '';
    item.text = `$(eye) Following ${withoutIcons(what)}${word}`;
    const sources = [first, ...others].map(({ request }) => request.source);
    item.tooltip = plain([...sources, ...(bad ? [diagnosisMeaning(bad.kind)] : [])].join('\n'));
    item.accessibilityInformation = { label: plain(`Following ${what}${word}`), role: 'button' };
    const color = bad && (severityOf(bad.kind) === 'bad' ? 'error' : 'warning');
    item.backgroundColor = color ? new vscode.ThemeColor(`statusBarItem.${color}Background`) : undefined;
    item.show();
  };
  const paced = scope.add(throttle(UPDATE_INTERVAL_MS, update));
  const listen = () => {
    heard.clear();
    for (const job of imports.following) heard.add(job.onDidProgress(() => paced()));
    paced();
  };
  scope.add(imports.onDidChange(listen));
  scope.add(followed.onDidChange(() => paced()));
  listen();
  return scope;
}

/** The most severe diagnosis among the runs; null if there is none. */
function mostSevere(runs: readonly OpenRun[]): Diagnosis | null {
  const found = runs.flatMap(({ diagnosis }) => diagnosis ?? []);
  const of = (gravity: Severity) => found.find(({ kind }) => severityOf(kind) === gravity);
  return of('bad') ?? of('warning') ?? null;
}
