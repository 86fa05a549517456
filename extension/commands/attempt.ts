/** A start of a run, with the panel as the place where its failure is shown: what clashes, and what can be done about it. */
import * as vscode from 'vscode';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { RollscopeError, toErrorData } from '../../engine/protocol/errors.ts';
import type { StartAnswer } from '../../engine/runs/start-state.ts';
import type { Rollscope } from '../app.ts';
import { namedSettings, placeOfName } from '../named-settings.ts';
import { errorInEditor } from '../remedies.ts';
import { runCommand } from '../run-command.ts';
import { currentModel, openSettings, runSettings, unset } from '../settings.ts';

/** What is started. */
export interface RunStart {
  /** As it continues "Could not …": `train on problems.jsonl`. */
  what: string;
  /** Absolute path, or `embedded`; undefined where settings play no part. */
  dataset?: string;
  /** Builds the configuration and starts the run. */
  begin(): Promise<void>;
}

/**
 * Starts a run. A failure is shown in the panel until it is dismissed, repeated with success, or another run is shown; bugs are
 * thrown.
 */
export async function attempt(app: Rollscope, one: RunStart): Promise<void> {
  try {
    await one.begin();
  } catch (error) {
    if (!(error instanceof RollscopeError)) throw error;
    if (error.code === 'canceled') return;
    app.report.record(error);
    showFailure(app, one, error);
  }
}

function showFailure(app: Rollscope, one: RunStart, error: RollscopeError): void {
  const { panel } = app;
  const { what, dataset } = one;
  const scope = dataset === undefined || dataset === EMBEDDED ? undefined : vscode.Uri.file(dataset);
  const data = toErrorData(error);
  const settings =
    dataset === undefined ? [] : namedSettings(data, runSettings(scope), { model: currentModel(scope), dataset });
  const clashing = settings.filter(({ value, preset }) => value !== null && value !== preset);
  const answers: Record<StartAnswer, () => unknown> = {
    again: () => attempt(app, one),
    preset: async () => {
      for (const { name } of clashing) await unset(placeOfName(name)!, scope);
      await attempt(app, one);
    },
    model: () => runCommand('chooseModel'),
    dismiss: () => panel.tellStart(null),
  };
  panel.tellStart({
    state: {
      ...{ state: 'failed', what, settings, error: errorInEditor(data) },
      hasPreset: clashing.length > 0,
    },
    answer: async (answer) => void (await answers[answer]()),
    openSetting: async (id) => void (await openSettings(id)),
  });
}
