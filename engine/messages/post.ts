/**
 * Messages as objects: between threads (workers, message ports) and between the extension host and the panel's page.
 * Typed arrays cross as they are.
 */
import { type DataCallback, Emitter, type Message } from './json-rpc.ts';
import { type Transport, transferListOf } from './transport.ts';

/** Where objects can be posted; `transfer` names buffers that may be moved instead of copied. */
export interface Post {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** Calls back for each object that arrives, until the returned function is called. */
  receive(listener: (message: unknown) => void): () => void;
}

/**
 * Once it is closed, nothing is received any longer. A message that cannot be cloned fails its request instead of
 * leaving it pending.
 */
export function postTransport({ post, receive }: Post): Transport {
  const errors = new Emitter<Error>();
  const writeErrors = new Emitter<[Error, Message | undefined, number | undefined]>();
  const closed = new Emitter<void>();
  const partial = new Emitter<never>();
  let stop = () => {};
  let open = true;
  return {
    reader: {
      onError: errors.event,
      onClose: closed.event,
      onPartialMessage: partial.event,
      listen(callback: DataCallback) {
        stop = receive((message) => {
          if (open) callback(message as Message);
        });
        return { dispose: stop };
      },
      dispose: () => stop(),
    },
    writer: {
      onError: writeErrors.event,
      onClose: closed.event,
      async write(message) {
        if (!open) return;
        try {
          post(message, transferListOf(message));
        } catch (error) {
          // Something that cannot be cloned. An answer that is never sent would keep its asker waiting.
          if (!('id' in message) || 'method' in message) throw error;
          const { id } = message as unknown as { id: number };
          const text = `The response cannot be sent: ${error instanceof Error ? error.message : error}`;
          post(
            { jsonrpc: '2.0', id, error: { code: -32603, message: text, data: { code: 'internal', message: text } } },
            [],
          );
        }
      },
      end() {},
      dispose() {},
    },
    close() {
      open = false;
      stop();
    },
  };
}

/** A worker, the port to its parent, or either end of a message channel, of Node's `worker_threads`. */
export interface NodePort {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Over a port of Node's `worker_threads`: a worker, its parent, or one end of a channel. */
export function portTransport(port: NodePort): Transport {
  return postTransport({
    post: (message, transfer) => port.postMessage(message, transfer),
    receive(listener) {
      port.on('message', listener);
      return () => port.off('message', listener);
    },
  });
}
