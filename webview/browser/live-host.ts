/** The page's end of `rollscope view`: messages come in one long response and go out as requests, both with the token. */
import { FrameReader, toBytes } from '../../engine/messages/bytes.ts';
import type { Host } from '../host.ts';
import { sessionState } from './state.ts';

/** Milliseconds between two attempts to reach the server again. */
const RETRY_MS = 2000;

export interface LiveOptions {
  token: string;
  /** Called if the connection is lost or the server does not know the token, with a text for people. */
  lost(text: string): void;
}

const CONNECTION_LOST = 'Connection to rollscope view lost. Reconnecting…';
const INVALID_ADDRESS = 'This address is no longer valid. Open the one that rollscope view printed last.';

/** Messages are delivered in the order in which they were posted. */
export function liveHost({ token, lost }: LiveOptions): Host {
  const page = crypto.randomUUID();
  const headers = { Authorization: `Bearer ${token}` };
  const listeners: ((message: unknown) => void)[] = [];
  const reader = new FrameReader((message) => {
    for (const listener of listeners) listener(message);
  });
  const read = async () => {
    const response = await fetch(`/stream/${page}`, { headers });
    if (response.status === 401) return lost(INVALID_ADDRESS);
    if (!response.ok || !response.body) throw new Error(`Status ${response.status}`);
    opened();
    const pieces = response.body.getReader();
    for (let next = await pieces.read(); !next.done; next = await pieces.read()) reader.add(next.value);
    throw new Error('The response ended.');
  };
  let opened = () => {};
  let sending: Promise<unknown> = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const ask = async (message: unknown) => {
    const response = await fetch(`/ask/${page}`, { method: 'POST', headers, body: toBytes(message) });
    if (!response.ok) throw new Error(`Status ${response.status}`);
  };
  const disconnected = () => {
    lost(CONNECTION_LOST);
    void reconnect(headers, lost);
  };
  read().catch(disconnected);
  return {
    isReadOnly: true,
    post: (message) => {
      // A lost connection is also reported by the end of the stream.
      sending = sending.then(() => ask(message)).catch(() => undefined);
    },
    onMessage: (listener) => listeners.push(listener),
    ...sessionState(),
  };
}

/** Reloads the page as soon as the server answers; it keeps its place. */
async function reconnect(headers: Record<string, string>, lost: (text: string) => void): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    const controller = new AbortController();
    const answer = await fetch(`/stream/${crypto.randomUUID()}`, { headers, signal: controller.signal }).catch(
      () => null,
    );
    controller.abort();
    if (answer?.ok) return location.reload();
    if (answer?.status === 401) return lost(INVALID_ADDRESS);
  }
}
