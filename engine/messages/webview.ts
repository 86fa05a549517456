/**
 * The panel's page and the extension host. A page may start over at any time (the window was reloaded, the panel was
 * hidden and shown) and knows nothing of what the page before it asked. So each page numbers itself, the host makes a
 * peer for each, and answers to a page that is gone are dropped.
 */
import type { Contract } from './contract.ts';
import { Peer, type PeerOptions } from './peer.ts';
import { postTransport } from './post.ts';
import type { Transport } from './transport.ts';

interface Envelope {
  page: string;
  message: unknown;
}

const isEnvelope = (value: unknown): value is Envelope =>
  typeof value === 'object' && value !== null && typeof (value as Envelope).page === 'string' && 'message' in value;

/** How a page reaches its host. */
export interface PageEnd {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** The page's side. */
export function pageTransport({ post, onMessage }: PageEnd): Transport {
  const page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  return postTransport({
    post: (message) => post({ page, message } satisfies Envelope),
    receive(listener) {
      let open = true;
      onMessage((received) => {
        if (open && isEnvelope(received) && received.page === page) listener(received.message);
      });
      return () => {
        open = false;
      };
    },
  });
}

/** The part of the editor's `Webview` that the host uses. */
export interface HostEnd {
  postMessage(message: unknown): PromiseLike<boolean>;
  onDidReceiveMessage(listener: (message: unknown) => void): { dispose(): void };
}

/** The host's side: one peer at a time, for the page that spoke last. */
export class Pages<C extends Contract> {
  readonly #webview: HostEnd;
  readonly #options: PeerOptions<C>;
  readonly #welcome: (peer: Peer<C>) => void;
  readonly #subscription: { dispose(): void };
  #page: { id: string; peer: Peer<C>; receive: (message: unknown) => void } | null = null;

  /** `welcome` gets the peer of each new page before its first message, to set handlers and listeners. */
  constructor(webview: HostEnd, options: PeerOptions<C>, welcome: (peer: Peer<C>) => void) {
    this.#webview = webview;
    this.#options = options;
    this.#welcome = welcome;
    this.#subscription = webview.onDidReceiveMessage((received) => this.#receive(received));
  }

  /** The peer of the page that is there; null before the first one has spoken. */
  get current(): Peer<C> | null {
    return this.#page?.peer ?? null;
  }

  /** Forgets the page, for example when it is hidden; it announces itself when it returns. */
  leave(): void {
    this.#page?.peer.close();
    this.#page = null;
  }

  dispose(): void {
    this.leave();
    this.#subscription.dispose();
  }

  #receive(received: unknown): void {
    if (!isEnvelope(received)) return;
    if (this.#page?.id !== received.page) {
      this.leave();
      this.#page = this.#open(received.page);
    }
    this.#page.receive(received.message);
  }

  #open(page: string) {
    let receive: (message: unknown) => void = () => {};
    const transport = postTransport({
      post: (message) => void this.#webview.postMessage({ page, message } satisfies Envelope),
      receive(listener) {
        receive = listener;
        return () => {
          receive = () => {};
        };
      },
    });
    const peer = new Peer<C>(transport, this.#options);
    this.#welcome(peer);
    peer.listen();
    return { id: page, peer, receive: (message: unknown) => receive(message) };
  }
}
