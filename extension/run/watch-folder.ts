/** Watches for runs that this window or another program adds or deletes. */
import * as vscode from 'vscode';
import { Disposables } from '../../engine/view/disposables.ts';
import { throttle } from '../../engine/view/timing.ts';
import { onDidChangeSettings } from '../settings.ts';
import type { RunLibrary } from './library.ts';

/** Milliseconds between two refreshes of the list. */
const REFRESH_INTERVAL_MS = 500;

/** Refreshes the library when a run appears, ends or disappears, or when another folder holds the runs. */
export function watchRunsFolder(library: RunLibrary): vscode.Disposable {
  const scope = new Disposables();
  const watching = scope.add(new Disposables());
  const settled = scope.add(throttle(REFRESH_INTERVAL_MS, () => library.refresh()));
  const watch = () => {
    watching.clear();
    const pattern = new vscode.RelativePattern(vscode.Uri.file(library.folder), '*/{run.json,lock}');
    const watcher = watching.add(vscode.workspace.createFileSystemWatcher(pattern, false, true, false));
    watching.add(watcher.onDidCreate(() => settled()));
    watching.add(watcher.onDidDelete(() => settled()));
  };
  watch();
  scope.add(
    onDidChangeSettings(['runsFolder'], () => {
      watch();
      library.refresh();
    }),
  );
  return scope;
}
