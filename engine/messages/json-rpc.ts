/**
 * What Rollscope uses of vscode-jsonrpc: its connection, cancellation and errors, without the readers and writers of byte
 * streams. The package only exports everything at once, which would put 20 KiB more into the panel's page; so
 * `vscode-jsonrpc/common` is a name for its files (`tsconfig.json`, `vitest.config.ts`), which this file alone uses. Runs in
 * Node, in workers and in pages.
 */
import * as runtime from 'vscode-jsonrpc/common/ral.js';

export {
  type CancellationToken,
  CancellationTokenSource,
} from 'vscode-jsonrpc/common/cancellation.js';
export {
  ConnectionError,
  createMessageConnection,
  type MessageConnection,
} from 'vscode-jsonrpc/common/connection.js';
/** Events with the shape of VS Code's, so that both are interchangeable. A listener that throws does not affect others. */
export { Emitter } from 'vscode-jsonrpc/common/events.js';
export type { DataCallback, MessageReader } from 'vscode-jsonrpc/common/messageReader.js';
export {
  ErrorCodes,
  type Message,
  ParameterStructures,
  ResponseError,
} from 'vscode-jsonrpc/common/messages.js';
export type { MessageWriter } from 'vscode-jsonrpc/common/messageWriter.js';

/** Bundlers and Node disagree about what the default export of a CommonJS module is. */
const defaults = runtime.default as unknown as Runtime & { default?: Runtime };
type Runtime = { (): unknown; install(runtime: unknown): void };
const RAL = defaults.default ?? defaults;

type Callback = (...args: unknown[]) => void;
const { setImmediate: immediate } = globalThis as {
  setImmediate?: (callback: Callback, ...args: unknown[]) => unknown;
};

/** Runs a callback after what is already queued: a turn of the event loop in Node, a task in a page. */
export function nextTurn(callback: () => void): void {
  if (immediate) immediate(callback);
  else setTimeout(callback, 0);
}

/** The parts of a runtime that connection, events and cancellation ask for. */
const PARTS = {
  console,
  timer: {
    setImmediate(callback: Callback, ...args: unknown[]) {
      let disposed = false;
      const call = () => {
        if (!disposed) callback(...args);
      };
      // A page slows nested time-outs down to one in 4 ms, and to one per second while it is hidden.
      if (immediate) immediate(call);
      else queueMicrotask(call);
      return {
        dispose() {
          disposed = true;
        },
      };
    },
    setTimeout(callback: Callback, ms: number, ...args: unknown[]) {
      const handle = setTimeout(callback, ms, ...args);
      return { dispose: () => clearTimeout(handle) };
    },
  },
};

/** Where `vscode-jsonrpc/node` is loaded too, its own runtime, which has more parts, is left in place or comes later. */
function isRuntimeInstalled(): boolean {
  try {
    return RAL() !== undefined;
  } catch {
    return false;
  }
}
if (!isRuntimeInstalled()) RAL.install(PARTS);
