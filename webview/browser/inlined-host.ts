/** The host of a page that contains its run: answers from what the page contains, and refuses the rest. */
import { fromBytes } from '../../engine/messages/bytes.ts';
import type { Peer } from '../../engine/messages/peer.ts';
import { type HostEnd, Pages } from '../../engine/messages/webview.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { groupKey } from '../../engine/protocol/group-id.ts';
import type { InlinedRun } from '../../engine/runs/inlined-run.ts';
import type { GroupPage, PanelContract } from '../../engine/runs/panel-contract.ts';
import type { Host } from '../host.ts';
import { sessionState } from './state.ts';

export interface InlinedOptions {
  /** The run in the page. */
  text: string;
  note: string;
}

/** A host without an editor or a server. Requests for what the page does not contain fail with a reason. */
export function inlinedHost({ text, note }: InlinedOptions): Host {
  const run = unpack(text);
  // The page gets the error when it asks.
  run.catch(() => undefined);
  const toHost: ((message: unknown) => void)[] = [];
  const toPage: ((message: unknown) => void)[] = [];
  const later = (listeners: typeof toPage, message: unknown) =>
    queueMicrotask(() => {
      for (const listener of listeners) listener(message);
    });
  const end: HostEnd = {
    postMessage: async (message) => {
      later(toPage, message);
      return true;
    },
    onDidReceiveMessage: (listener) => {
      toHost.push(listener);
      return { dispose: () => undefined };
    },
  };
  new Pages<PanelContract>(end, {}, (peer) => answer(peer, run));
  return {
    isReadOnly: true,
    isAlone: true,
    note,
    post: (message) => later(toHost, message),
    onMessage: (listener) => toPage.push(listener),
    ...sessionState(),
  };
}

function answer(peer: Peer<PanelContract>, inlined: Promise<InlinedRun>): void {
  const refuse = () => {
    throw new RollscopeError('usage', 'This file is read-only.', 'Open the run with rollscope view or in VS Code.');
  };
  let pages: Map<string, GroupPage> | null = null;
  peer.handleAll({
    watch: async () => null,
    attach: async () => {
      void peer.notify('shown', (await inlined).shown);
      return null;
    },
    readGroup: async ({ group }) => {
      const { groups } = await inlined;
      pages ??= new Map(groups.map((page) => [groupKey(page.detail), page]));
      const page = pages.get(groupKey(group));
      if (page) return page;
      throw new RollscopeError(
        'usage',
        'This file does not contain the rollouts of this step.',
        'Open the run with rollscope view or in VS Code.',
      );
    },
    readPrompt: async ({ problem }) => (await inlined).prompts.find(([index]) => index === problem)?.[1] ?? null,
    find: refuse,
    openRollout: refuse,
    compareRollouts: refuse,
    listRuns: async () => [],
    compareWithRun: refuse,
    calibrate: refuse,
    rescore: refuse,
    readNotes: async () => [],
    writeNote: refuse,
    saveFile: refuse,
    revealProblem: refuse,
    control: refuse,
    perform: refuse,
    answerStart: refuse,
    openSetting: refuse,
  });
}

async function unpack(text: string): Promise<InlinedRun> {
  const compressed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return fromBytes(new Uint8Array(await new Response(stream).arrayBuffer())) as InlinedRun;
}
