/** The three views of the activity bar and their refreshing. */
import path from 'node:path';
import * as vscode from 'vscode';
import { Disposables } from '../../engine/view/disposables.ts';
import { throttle } from '../../engine/view/timing.ts';
import { type View, viewId } from '../ids.ts';
import type { FollowedRuns } from '../imports/followed-runs.ts';
import type { RunLibrary } from '../run/library.ts';
import type { RunSession } from '../run/session.ts';
import { DatasetsTree, type ProblemFiles } from './datasets.ts';
import { type ModelList, ModelsTree } from './models.ts';
import { RunsTree } from './runs.ts';

/** Milliseconds between two refreshes of the Runs view while a run is in progress. */
const REFRESH_INTERVAL_MS = 1000;

export interface ViewParts {
  library: RunLibrary;
  session: RunSession;
  followed: Pick<FollowedRuns, 'onDidChange'>;
  problemFiles: ProblemFiles;
  models: ModelList;
  report(error: unknown): void;
}

/** Shows Runs, Datasets and Models until it is disposed of. */
export function showViews(parts: ViewParts): vscode.Disposable {
  return vscode.Disposable.from(runsView(parts), datasetsView(parts), modelsView(parts));
}

function createView<T extends vscode.TreeItem>(view: View, treeDataProvider: vscode.TreeDataProvider<T>) {
  return vscode.window.createTreeView(viewId(view), {
    treeDataProvider,
    showCollapseAll: false,
    // Several runs can be compared.
    canSelectMany: view === 'runs',
  });
}

function runsView({ library, session, followed, report }: ViewParts): vscode.Disposable {
  const scope = new Disposables();
  const isPaused = (folder: string) =>
    session.active?.folder === path.resolve(folder) && session.progress?.state === 'paused';
  const tree = scope.add(new RunsTree(library, isPaused, report));
  const view = scope.add(createView('runs', tree));
  scope.add(library.onDidChange(() => void tree.refresh(view.visible)));
  // The list is read only while it is visible.
  scope.add(view.onDidChangeVisibility(({ visible }) => visible && library.refresh()));
  const paced = scope.add(throttle(REFRESH_INTERVAL_MS, () => view.visible && void tree.refresh()));
  scope.add(followed.onDidChange(() => paced()));
  const following = scope.add(new Disposables());
  scope.add(
    session.onDidChangeActive((run) => {
      following.clear();
      if (!run) return;
      following.add(run.onDidChangeProgress(() => paced()));
      following.add(run.onDidAppend(() => paced()));
    }),
  );
  return scope;
}

function datasetsView({ problemFiles }: ViewParts): vscode.Disposable {
  const scope = new Disposables();
  const tree = scope.add(new DatasetsTree(problemFiles));
  const view = scope.add(createView('datasets', tree));
  scope.add(problemFiles.onDidChange(() => void tree.refresh(view.visible)));
  return scope;
}

function modelsView({ models }: ViewParts): vscode.Disposable {
  const scope = new Disposables();
  const tree = scope.add(new ModelsTree(models));
  const view = scope.add(createView('models', tree));
  const hint = () => {
    view.message =
      models.recent.length === 0
        ? 'Add a GGUF file, a Hugging Face folder or a Hub id to train a model of your own.'
        : undefined;
  };
  hint();
  scope.add(
    models.onDidChange(() => {
      hint();
      void tree.refresh(view.visible);
    }),
  );
  return scope;
}
