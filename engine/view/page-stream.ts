/** The host's end of a page in a browser: messages to the page are one long response, messages from it are requests. */
import type { ServerResponse } from 'node:http';
import { frameMessage } from '../messages/bytes.ts';
import { Emitter } from '../messages/json-rpc.ts';
import type { HostEnd } from '../messages/webview.ts';

/** Bytes that may wait for a page that does not read them: more than the columns of a large run. */
const WAITING = 2 ** 29;

/** One page; when it ends, everything that was opened for it is closed. */
export class PageStream implements HostEnd {
  private readonly received = new Emitter<unknown>();
  readonly onDidReceiveMessage = this.received.event;

  constructor(private readonly response: ServerResponse) {
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      // For a proxy in between: it must not hold back messages.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
  }

  receive(message: unknown): void {
    this.received.fire(message);
  }

  async postMessage(message: unknown): Promise<boolean> {
    if (this.response.destroyed) return false;
    if (this.response.writableLength > WAITING) this.close();
    else this.response.write(frameMessage(message));
    return !this.response.destroyed;
  }

  close(): void {
    this.response.destroy();
  }
}
