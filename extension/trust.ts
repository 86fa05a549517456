/** What Restricted Mode refuses to run. */
import * as vscode from 'vscode';
import { RollscopeError, type RunConfig } from '../engine/protocol/index.ts';
import { programsOf } from './run-config.ts';

/** Why a run is not started, or resumed, in Restricted Mode; null where it runs no programs, or the workspace is trusted. */
export function refusedPrograms(config: RunConfig): RollscopeError | null {
  const programs = programsOf(config);
  if (programs === null || vscode.workspace.isTrusted) return null;
  return new RollscopeError(
    'config',
    `This run would run programs (${programs}), which is disabled in Restricted Mode.`,
    'Trust the workspace if you trust the model, the data and the program, or choose another reward or engine.',
  );
}
