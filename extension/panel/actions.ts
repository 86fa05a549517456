/**
 * The buttons of the panel, each a command of the editor. If a command fails, its error is the response to the panel's
 * request.
 */
import type { EditorAction, RunAction } from '../../engine/runs/panel-contract.ts';
import type { OpenRun } from '../../engine/view/open-run.ts';
import type { CommandName } from '../command-definitions.ts';

/** Runs a command of the editor without showing its errors. */
export type ExecuteCommand = (command: CommandName, argument?: unknown) => Promise<void>;

const CONTROLS: Record<RunAction, CommandName> = {
  pause: 'pause',
  continue: 'resume',
  stop: 'stop',
  resume: 'resume',
  'fork-healthy': 'forkRun',
  statistics: 'computeStatistics',
};
const COMMANDS: Record<EditorAction, CommandName> = { 'choose-run': 'openRun', train: 'train' };

/** What the panel's buttons do; a run may differ from the one that the window follows. */
export const buttons = (act: ExecuteCommand) => ({
  control: (action: RunAction, { folder }: OpenRun) =>
    act(CONTROLS[action], action === 'fork-healthy' ? { folder, step: 'healthy' } : folder),
  perform: (action: EditorAction) => act(COMMANDS[action]),
});
