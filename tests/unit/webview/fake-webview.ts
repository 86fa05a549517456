/** The panel's page and its host in one process: what one posts, the other gets, as a copy, in a later turn. */
import type { HostEnd } from '../../../engine/messages/webview.ts';
import type { ViewState } from '../../../engine/runs/panel-contract.ts';
import type { Host } from '../../../webview/host.ts';

export class FakeWebview implements HostEnd {
  private toHost: ((message: unknown) => void)[] = [];
  private toPage: ((message: unknown) => void)[] = [];
  kept: ViewState | undefined;
  /** Names of the requests and notifications that the host has sent. */
  readonly told: string[] = [];

  /** The page's end; each call is another page. */
  page(): Host {
    this.toPage = [];
    return {
      post: (message) => later(this.toHost, message),
      onMessage: (listener) => this.toPage.push(listener),
      getState: () => this.kept,
      setState: (state) => {
        this.kept = state;
      },
    };
  }

  async postMessage(message: unknown): Promise<boolean> {
    const { method } = (message as { message: { method?: string } }).message;
    if (method) this.told.push(method);
    later(this.toPage, message);
    return true;
  }

  onDidReceiveMessage(listener: (message: unknown) => void) {
    this.toHost.push(listener);
    return { dispose: () => this.toHost.splice(this.toHost.indexOf(listener), 1) };
  }
}

function later(listeners: ((message: unknown) => void)[], message: unknown): void {
  const copy = structuredClone(message);
  setImmediate(() => {
    for (const listener of [...listeners]) listener(copy);
  });
}
