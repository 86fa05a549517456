/**
 * The ids that package.json and the code share, each written once: views, panels, schemes and the context values of tree
 * items. Commands are in `command-definitions.ts`, context keys in `context-keys.ts`, settings in `editor-settings.ts`.
 * No VS Code.
 */
import type { ShownStatus } from './run-status.ts';

/** Views of the activity bar. */
export type View = 'runs' | 'datasets' | 'models';

/** The id of a view in `package.json`. */
export function viewId(view: View): string {
  return `rollscope.${view}`;
}

/** The id of a tool for language models in `package.json`. */
export function toolId(name: string): string {
  return `rollscope_${name}`;
}

/** Webviews in the editor area. */
export type PanelName = 'panel' | 'report' | 'comparison';

/** The type by which VS Code restores a panel. */
export function panelType(panel: PanelName): string {
  return `rollscope.${panel}`;
}

/** Schemes of read-only documents. */
export const SCHEMES = { rollout: 'rollscope-rollout', text: 'rollscope-text', changes: 'rollscope-changes' } as const;

/** `viewItem` of an item in one of the views. */
export type ItemContext =
  | `run.${ShownStatus}`
  | `dataset.${'embedded' | 'file'}`
  | `model.${'embedded' | 'recent' | 'found'}`;

/** Keys under which the extension keeps state across windows. */
export const MEMORY = {
  models: 'rollscope.models',
  rewards: 'rollscope.rewards',
  report: 'rollscope.report',
  /** Folders that this workspace follows, and those that were offered for import. */
  followed: 'rollscope.followed',
  offeredImports: 'rollscope.offeredImports',
  /** Set once the user wants no more offers to import. */
  offersNoImport: 'rollscope.offersNoImport',
} as const;
