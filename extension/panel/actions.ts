/** The buttons of the panel: each is a command of the editor. */
import type { PanelAction } from '../../engine/runs/panel-contract.ts';
import type { CommandName } from '../command-definitions.ts';
import type { OpenRun } from '../run/open-run.ts';
import { runCommand } from '../run-command.ts';

/** The command of each button. What steers a run means the one that is shown, which need not be the one that is followed. */
const COMMANDS: Record<PanelAction, { command: CommandName; steers: boolean }> = {
  pause: { command: 'pause', steers: true },
  continue: { command: 'resume', steers: true },
  stop: { command: 'stop', steers: true },
  resume: { command: 'resume', steers: true },
  'choose-run': { command: 'openRun', steers: false },
  train: { command: 'train', steers: false },
};

export async function perform(action: PanelAction, run: OpenRun | null): Promise<void> {
  const { command, steers } = COMMANDS[action];
  await runCommand(command, steers ? run?.folder : undefined);
}
