/** How messages get from one end to the other; a peer can use any transport. */
import { isObject } from '../protocol/values.ts';
import type { Message, MessageReader, MessageWriter } from './json-rpc.ts';

export interface Transport {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  /** Hands on what was written, then ends the sending side; for transports that hold messages back. */
  finish?(): Promise<void>;
  /** Afterwards nothing is sent or received. */
  close(): void;
}

const CANCEL = '$/cancelRequest';

/**
 * Whether a value is a JSON-RPC message that vscode-jsonrpc can handle: it trusts what it gets, and would throw outside of
 * any handler for a cancellation without an id.
 */
export function isMessage(value: unknown): value is Message {
  if (!isObject(value) || value.jsonrpc !== '2.0') return false;
  if (value.method === undefined) return isId(value.id) && ('result' in value || isFailure(value.error));
  if (typeof value.method !== 'string') return false;
  if (value.method === CANCEL) return isObject(value.params) && isId(value.params.id);
  return value.id === undefined || isId(value.id);
}

const isId = (value: unknown) => typeof value === 'number' || typeof value === 'string';
const isFailure = (value: unknown) =>
  isObject(value) && typeof value.code === 'number' && typeof value.message === 'string';

/** Buffers that a message hands over instead of copying, by the parameters or result that hold them. */
const transferLists = new WeakMap<object, readonly ArrayBuffer[]>();

/**
 * Marks the buffers in the parameters or the result of one message to be moved to the other thread. The sender can no
 * longer use them. Transports that cannot move memory copy it.
 */
export function transfer<T extends object>(value: T, buffers: readonly ArrayBuffer[]): T {
  transferLists.set(value, buffers);
  return value;
}

/** The buffers that `transfer` marked for this message; empty for most. */
export function transferListOf(message: Message): readonly ArrayBuffer[] {
  const { params, result } = message as { params?: unknown; result?: unknown };
  const value = params ?? result;
  return (isObject(value) && transferLists.get(value)) || [];
}
