/** The status bar item, and the context keys of `when` clauses. */
import * as vscode from 'vscode';
import { Disposables } from '../engine/view/disposables.ts';
import { throttle } from '../engine/view/timing.ts';
import { ContextSetter } from './context.ts';
import type { ProblemDocuments } from './editor/problem-documents.ts';
import type { EngineService } from './engine/service.ts';
import { healthOf, runKeyOf } from './health.ts';
import type { DumpFolders } from './imports/dumps.ts';
import type { Imports } from './imports/imports.ts';
import type { Panel } from './panel/panel.ts';
import { RolloutDocuments } from './rollout/documents.ts';
import type { RunSession } from './run/session.ts';
import { onDidChangeSettings, shading } from './settings.ts';
import { statusContent } from './status-content.ts';
import { StatusItem } from './status-item.ts';
import type { ProblemFiles } from './trees/datasets.ts';

/** Milliseconds between two refreshes of the progress. */
const REFRESH_INTERVAL_MS = 250;

export interface StateParts {
  engine: EngineService;
  session: RunSession;
  panel: Panel;
  documents: ProblemDocuments;
  problemFiles: ProblemFiles;
  dumps: DumpFolders;
  imports: Imports;
}

/** Keeps item and keys up to date until it is disposed of. */
export function showState(parts: StateParts): vscode.Disposable {
  const keys = new ContextSetter();
  keys.set('active', true);
  return vscode.Disposable.from(
    engineState(keys, parts),
    editorState(keys, parts),
    fileState(keys, parts),
    importState(keys, parts),
  );
}

/** The status item and the keys of engine, run and panel. */
function engineState(keys: ContextSetter, { engine, session, panel }: StateParts): vscode.Disposable {
  const scope = new Disposables();
  const item = scope.add(new StatusItem());
  const update = () => {
    const health = healthOf(engine.link, session.progress, session.preparing);
    item.update(statusContent(health, session.progress, session.active?.diagnosis ?? null));
    keys.set('engine', health);
    keys.set('run', runKeyOf(health));
  };
  const paced = scope.add(throttle(REFRESH_INTERVAL_MS, update));
  const following = scope.add(new Disposables());
  scope.add(engine.onDidChangeLink(() => paced()));
  scope.add(
    session.onDidChangeActive((run) => {
      following.clear();
      if (run) {
        following.add(run.onDidChangeProgress(() => paced()));
        following.add(run.onDidAppend(() => paced()));
      }
      paced();
    }),
  );
  scope.add(panel.onDidChangeOpen((open) => keys.set('panel', open)));
  update();
  return scope;
}

/** The keys of what the active editor shows. */
function editorState(keys: ContextSetter, { documents }: StateParts): vscode.Disposable {
  const scope = new Disposables();
  const update = () => {
    const editor = vscode.window.activeTextEditor;
    keys.set('problemSet', editor !== undefined && documents.of(editor.document) !== null);
    if (RolloutDocuments.addressOf(editor)) keys.set('rollout', true);
  };
  scope.add(vscode.window.onDidChangeActiveTextEditor(update));
  scope.add(documents.onDidChange(update));
  const shade = () => keys.set('shading', shading());
  scope.add(onDidChangeSettings(['shading'], shade));
  update();
  shade();
  return scope;
}

/** The key with the problem files of the workspace, once they have been listed. */
function fileState(keys: ContextSetter, { problemFiles }: StateParts): vscode.Disposable {
  const update = async () => {
    const found = await problemFiles.list();
    keys.set('problemFiles', Object.fromEntries(found.map((file) => [file, true as const])));
  };
  return vscode.Disposable.from(problemFiles.onDidChange(() => void update()));
}

/** The keys for what can be imported, and for what is followed. */
function importState(keys: ContextSetter, { dumps, imports }: StateParts): vscode.Disposable {
  const found = () => keys.set('dumps', Object.fromEntries(dumps.all.map(({ path }) => [path, true as const])));
  const followed = () => keys.set('following', imports.following.length > 0);
  followed();
  return vscode.Disposable.from(dumps.onDidChange(found), imports.onDidChange(followed));
}
