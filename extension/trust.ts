/** What Restricted Mode refuses to run. */
import * as vscode from 'vscode';
import { programsOf } from '../engine/config/programs.ts';
import { RollscopeError, type RunConfig } from '../engine/protocol/index.ts';

/** Why a run is not started, or resumed, in Restricted Mode; null where it runs no programs, or the workspace is trusted. */
export function refusedPrograms(config: RunConfig): RollscopeError | null {
  const programs = programsOf(config);
  if (programs.length === 0 || vscode.workspace.isTrusted) return null;
  const names = programs.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return new RollscopeError(
    'config',
    `This run would run programs (${names}), which is disabled in Restricted Mode.`,
    'Trust the workspace if you trust the model, the data and the program, or choose another reward or engine.',
  );
}
