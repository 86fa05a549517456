/** The buttons of the panel, each a command of the editor. */
import type { PanelAction } from '../../engine/runs/panel-contract.ts';
import type { CommandName } from '../command-definitions.ts';
import type { OpenRun } from '../run/open-run.ts';
import { runCommand } from '../run-command.ts';

/** The command of each button. Those that control a run act on the run shown, which may differ from the one followed. */
const COMMANDS: Record<PanelAction, { command: CommandName; controls: boolean }> = {
  pause: { command: 'pause', controls: true },
  continue: { command: 'resume', controls: true },
  stop: { command: 'stop', controls: true },
  resume: { command: 'resume', controls: true },
  'choose-run': { command: 'openRun', controls: false },
  train: { command: 'train', controls: false },
};

export async function perform(action: PanelAction, run: OpenRun | null): Promise<void> {
  const { command, controls } = COMMANDS[action];
  await runCommand(command, controls ? run?.folder : undefined);
}
