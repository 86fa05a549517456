/** The other side of the panel: the extension host, or a test in its place. */
import type { PageEnd } from '../engine/messages/webview.ts';
import type { ViewState } from '../engine/runs/panel-contract.ts';

export interface Host extends PageEnd {
  getState(): ViewState | undefined;
  setState(state: ViewState): void;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): ViewState | undefined;
  setState(state: ViewState): void;
}

declare global {
  interface Window {
    acquireVsCodeApi?: () => VsCodeApi;
    /** Set before the panel's script runs by a page outside VS Code. */
    rollscopeHost?: Host;
  }
}

/** The host of this page. @throws Error outside VS Code */
export function findHost(): Host {
  if (window.rollscopeHost) return window.rollscopeHost;
  const api = window.acquireVsCodeApi?.();
  if (!api) throw new Error('The panel was opened outside VS Code.');
  return {
    post: (message) => api.postMessage(message),
    onMessage: (listener) => window.addEventListener('message', (event) => listener(event.data)),
    getState: () => api.getState(),
    setState: (state) => api.setState(state),
  };
}
