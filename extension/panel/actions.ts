/** The buttons of the panel, each a command of the editor. */
import type { EditorAction, RunAction } from '../../engine/runs/panel-contract.ts';
import type { CommandName } from '../command-definitions.ts';
import type { OpenRun } from '../run/open-run.ts';
import { runCommand } from '../run-command.ts';

const CONTROLS: Record<RunAction, CommandName> = {
  pause: 'pause',
  continue: 'resume',
  stop: 'stop',
  resume: 'resume',
};
const COMMANDS: Record<EditorAction, CommandName> = { 'choose-run': 'openRun', train: 'train' };

/** Controls a run, which may differ from the one that the window follows. */
export async function control(action: RunAction, run: OpenRun): Promise<void> {
  await runCommand(CONTROLS[action], run.folder);
}

export async function perform(action: EditorAction): Promise<void> {
  await runCommand(COMMANDS[action]);
}
