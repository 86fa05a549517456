/** The other side of the panel: the extension host, or a test in its place. */
import type { PageEnd } from '../engine/messages/webview.ts';
import type { ViewState } from '../engine/runs/panel-contract.ts';

/** @typeParam State the state that the page keeps across a reload */
export interface Host<State = ViewState> extends PageEnd {
  /** Outside the editor, nothing can be started, controlled or opened, and the page does not offer it. */
  readonly isReadOnly?: boolean;
  /** Without a process behind the page, nothing can be searched or computed. */
  readonly isAlone?: boolean;
  /** The text that such a page shows about itself. */
  readonly note?: string;
  getState(): State | undefined;
  setState(state: State): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  interface Window {
    acquireVsCodeApi?: () => VsCodeApi;
    /** Set before the panel's script runs by a page outside VS Code. */
    rollscopeHost?: Host;
  }
}

/** The host of this page. @throws Error outside VS Code */
export function findHost<State = ViewState>(): Host<State> {
  if (window.rollscopeHost) return window.rollscopeHost as Host<unknown> as Host<State>;
  const api = window.acquireVsCodeApi?.();
  if (!api) throw new Error('The panel was opened outside VS Code.');
  return {
    post: (message) => api.postMessage(message),
    onMessage: (listener) => window.addEventListener('message', (event) => listener(event.data)),
    getState: () => api.getState() as State | undefined,
    setState: (state) => api.setState(state),
  };
}
