/**
 * The context keys that the extension sets, and the `when` clauses that use them: an unknown key, value, view or item does
 * not compile. `context.ts` sets them. Does not import VS Code.
 */
import type { Shading } from '../engine/protocol/shades.ts';
import type { Health, RunKey } from './health.ts';
import { type ItemContext, type PanelName, panelType, SCHEMES, type View, viewId } from './ids.ts';

export interface ContextValues {
  /** The extension is active. */
  active: boolean;
  engine: Health;
  run: RunKey;
  /** The active editor shows a problem file. */
  problemSet: boolean;
  /** The panel is open. */
  panel: boolean;
  /** A rollout is open in an editor. */
  rollout: boolean;
  shading: Shading;
  /** Paths of the workspace's problem files. */
  problemFiles: Record<string, true>;
  /** Paths of the workspace's dumps of other trainers. */
  dumps: Record<string, true>;
  /** A training folder is being followed. */
  following: boolean;
}
export type ContextKey = keyof ContextValues;

/** The keys as `when` clauses and `onContext` name them. */
export const CONTEXT_KEYS: { readonly [K in ContextKey]: string } = {
  active: 'rollscope.active',
  engine: 'rollscope.engine',
  run: 'rollscope.run',
  problemSet: 'rollscope.problemSet',
  panel: 'rollscope.panel',
  rollout: 'rollscope.rollout',
  shading: 'rollscope.shading',
  problemFiles: 'rollscope.problemFiles',
  dumps: 'rollscope.dumps',
  following: 'rollscope.following',
};

type KeysOf<T> = { [K in ContextKey]: ContextValues[K] extends T ? K : never }[ContextKey];

/** Parts of `when` clauses. */
export const when = {
  set: (key: KeysOf<boolean>) => CONTEXT_KEYS[key],
  is: <K extends KeysOf<string>>(key: K, value: ContextValues[K]) => `${CONTEXT_KEYS[key]} == ${value}`,
  isNot: <K extends KeysOf<string>>(key: K, value: ContextValues[K]) => `${CONTEXT_KEYS[key]} != ${value}`,
  resourceIn: (key: KeysOf<Record<string, true>>) => `resourcePath in ${CONTEXT_KEYS[key]}`,
  resourceScheme: (scheme: keyof typeof SCHEMES) => `resourceScheme == ${SCHEMES[scheme]}`,
  panel: (panel: PanelName) => `activeWebviewPanelId == ${panelType(panel)}`,
  view: (view: View) => `view == ${viewId(view)}`,
  /** Items of a view, by their context values. */
  items: (view: View, ...items: ItemContext[]) =>
    `view == ${viewId(view)} && viewItem =~ /^(${items.map((item) => item.replace('.', '\\.')).join('|')})$/`,
  all: (...parts: string[]) => parts.join(' && '),
  any: (...parts: string[]) => parts.join(' || '),
};
