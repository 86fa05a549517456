/**
 * The commands of the editor: title, places where each is offered, and message without a run. `package.json` is generated from
 * this (`npm run generate`); `commands.ts` defines the actions. Does not import VS Code.
 */
import type { EditorCommand } from './command-definitions/places.ts';
import { ROLLOUTS } from './command-definitions/rollouts.ts';
import { RUNS } from './command-definitions/runs.ts';
import { TRAINING } from './command-definitions/training.ts';
import { WINDOW } from './command-definitions/window.ts';

export { type EditorCommand, MENUS, WHEN } from './command-definitions/places.ts';

export const COMMAND_DEFINITIONS = {
  ...TRAINING,
  ...RUNS,
  ...ROLLOUTS,
  ...WINDOW,
} as const satisfies Record<string, EditorCommand>;

export type CommandName = keyof typeof COMMAND_DEFINITIONS;
export const COMMAND_NAMES = Object.keys(COMMAND_DEFINITIONS) as CommandName[];

export type CommandId<N extends CommandName = CommandName> = `rollscope.${N}`;

/** The id under which VS Code knows a command. */
export function commandId<N extends CommandName>(name: N): CommandId<N> {
  return `rollscope.${name}`;
}

/** A command for a tree item or a lens; `title` defaults to the command's own. */
export function commandOf(name: CommandName, args: unknown[], about: { title?: string; tooltip?: string } = {}) {
  return { command: commandId(name), title: COMMAND_DEFINITIONS[name].title, ...about, arguments: args };
}

/** A link in Markdown that runs a command. */
export function commandLink(name: CommandName, args?: unknown[]): string {
  return `command:${commandId(name)}${args ? `?${encodeURIComponent(JSON.stringify(args))}` : ''}`;
}
