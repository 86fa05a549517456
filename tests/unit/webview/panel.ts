/** The panel on a run, with its host in the same process, and what its sections render. */
import { vi } from 'vitest';
import { writeNote } from '../../../engine/journal/notes.ts';
import type { RewardComparison } from '../../../engine/protocol/reward-comparison.ts';
import type { RunColumns } from '../../../engine/runs/columns.ts';
import { Conversation, type ConversationActions } from '../../../engine/view/conversation.ts';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { editorWords } from '../../../extension/remedies.ts';
import { App } from '../../../webview/app.ts';
import { provideStore } from '../../../webview/component.ts';
import { CalibrationView } from '../../../webview/sections/calibration.ts';
import { CursorA } from '../../../webview/sections/cursor-a.ts';
import { CursorARunView } from '../../../webview/sections/cursor-a-run.ts';
import { Curves } from '../../../webview/sections/curves.ts';
import { DiagnosisLine } from '../../../webview/sections/diagnosis.ts';
import { Find } from '../../../webview/sections/find.ts';
import { Header } from '../../../webview/sections/header.ts';
import { Histograms } from '../../../webview/sections/histograms.ts';
import { Inspector } from '../../../webview/sections/inspector.ts';
import { Notes } from '../../../webview/sections/notes.ts';
import { Problems } from '../../../webview/sections/problems.ts';
import { RolloutView } from '../../../webview/sections/rollout.ts';
import { RolloutBefore } from '../../../webview/sections/rollout-before.ts';
import { Scrubber } from '../../../webview/sections/scrubber.ts';
import { Start } from '../../../webview/sections/start.ts';
import { Store } from '../../../webview/store.ts';
import { until } from '../../support/wait.ts';
import { FakeWebview } from './fake-webview.ts';
import { markup } from './markup.ts';

const ELEMENTS = {
  app: App,
  header: Header,
  diagnosis: DiagnosisLine,
  find: Find,
  notes: Notes,
  scrubber: Scrubber,
  curves: Curves,
  problems: Problems,
  inspector: Inspector,
  calibration: CalibrationView,
  histograms: Histograms,
  rollout: RolloutView,
  before: RolloutBefore,
  start: Start,
  cursorA: CursorA,
  cursorARun: CursorARunView,
};
export type Section = keyof typeof ELEMENTS;
export const SECTIONS = Object.keys(ELEMENTS) as Section[];

/** What a host answers that computes no rewards. */
export const NO_REWARDS: RewardComparison = { trainedBy: null, groups: 0, rewards: [], notComputed: {} };

/** A host of the panel whose actions do nothing but read a run again, but for those given. */
export function conversationOf(webview: FakeWebview, actions: Partial<ConversationActions> = {}): Conversation {
  const conversation: Conversation = new Conversation(
    webview,
    {
      control: vi.fn(async () => {}),
      perform: vi.fn(async () => {}),
      openRollout: vi.fn(async () => {}),
      compareRollouts: vi.fn(async () => {}),
      rescore: vi.fn(async () => NO_REWARDS),
      saveFile: vi.fn(async () => {}),
      calibrate: vi.fn(async () => []),
      revealProblem: vi.fn(async () => {}),
      writeNote: ({ folder }, note) => writeNote(folder, note),
      listRuns: async () => [],
      takeRun: (folder) => OpenRun.open(folder),
      again: async ({ folder }) => conversation.show(await OpenRun.open(folder)),
      report: (error) => {
        throw error;
      },
      ...actions,
    },
    editorWords('vscode'),
  );
  return conversation;
}

/** A panel that shows the run, or none. */
export async function panelOn(run: OpenRun | null): Promise<Store> {
  const webview = new FakeWebview();
  conversationOf(webview).show(run);
  const store = new Store(webview.page());
  await until('the panel has its state', () => store.phase !== 'loading');
  return store;
}

/** The template of a section of the panel. @param state of the element itself, such as what is unfolded */
export function template(store: Store, section: Section, state: object = {}): unknown {
  provideStore(store);
  return Object.assign(new ELEMENTS[section](), { width: 1000, ...state }).render();
}

/** The markup of a section of the panel. */
export function rendered(store: Store, section: Section): string {
  return markup(template(store, section));
}

/** Waits until the rollouts of the selected problem have been read, or could not be read. */
export async function readSelected({ selected, columns, groups }: Store): Promise<void> {
  const id = columns.idOf(selected!.view.row!);
  await until('the group is read', () => groups.of(id).state !== 'reading');
}

/** Changes what the host has told of the run's beginning and end. */
export function changeHead(store: Store, change: Partial<RunColumns['head']>): void {
  store.columns.head = { ...store.columns.head, ...change };
}
