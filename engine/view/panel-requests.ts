/**
 * Handlers of the page's requests about the run that is shown, and the actions that the host must provide for them.
 * Requests that change what is shown are handled by `conversation.ts`. Does not import VS Code.
 */

import { readNotes } from '../journal/notes.ts';
import { readPrompt } from '../journal/reader.ts';
import type { Handlers } from '../messages/contract.ts';
import type { MeasureAlignment } from '../protocol/calibration.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { GroupId, Phase } from '../protocol/group.ts';
import type { Note } from '../protocol/note.ts';
import type { RewardComparison } from '../protocol/reward-comparison.ts';
import { findRollouts } from '../runs/find.ts';
import type { FindProgress } from '../runs/find-query.ts';
import type {
  DataColumns,
  EditorAction,
  PanelContract,
  RescoreScope,
  RunAction,
  RunChoice,
} from '../runs/panel-contract.ts';
import type { StartAnswer, StartState } from '../runs/start-state.ts';
import { groupPage } from './group-page.ts';
import type { OpenRun } from './open-run.ts';
import { throttle } from './timing.ts';

/** Least milliseconds between two messages of the same kind. */
export const MESSAGE_INTERVAL_MS = 100;

/** A rollout of a run, by its index in the group. */
export interface StoredRollout {
  run: OpenRun;
  group: GroupId;
  rollout: number;
}

/** What the panel needs from its host. */
export interface ConversationActions {
  control(action: RunAction, run: OpenRun): Promise<void>;
  perform(action: EditorAction): Promise<void>;
  openRollout(run: OpenRun, group: GroupId, rollout: number): Promise<void>;
  compareRollouts(left: StoredRollout, right: StoredRollout): Promise<void>;
  /** Other runs that cursor A may be set to. */
  listRuns(run: OpenRun): Promise<RunChoice[]>;
  /** A run that cursor A is set to; it stays open while it is used (`Conversation.uses`). */
  takeRun(folder: string): Promise<OpenRun>;
  /** Asks where to write a file, and writes it there. */
  saveFile(name: string, content: Uint8Array): Promise<void>;
  revealProblem(run: OpenRun, problem: number): Promise<void>;
  /** Computes how well confidence predicts correctness at a step; aborting the signal ends it. */
  calibrate(run: OpenRun, phase: Phase, step: number, signal: AbortSignal): Promise<MeasureAlignment[]>;
  /** Computes rewards of stored rollouts; an aborted signal ends it. */
  rescore(run: OpenRun, scope: RescoreScope, signal: AbortSignal): Promise<RewardComparison>;
  /** Keeps a note with the run; all notes then. */
  writeNote(run: OpenRun, note: Note): Promise<Note[]>;
  /** Columns of the dataset that the problems can be grouped by; absent if the dataset is not available. */
  dataColumns?(run: OpenRun): Promise<DataColumns>;
  /** Reads a run again after a failure, and shows it. */
  again(run: OpenRun): Promise<void>;
  report(error: unknown): void;
}

/** A start that is shown in place of a run, and its possible responses. */
export interface ShownStart {
  state: StartState;
  answer(answer: StartAnswer): Promise<void>;
  openSetting(id: string): Promise<void>;
}

/** What the handlers use: the host's actions, and the state of the page. */
interface Shows {
  actions: ConversationActions;
  /** The run of a request. @throws RollscopeError `run-not-found` if it is not the one that is shown now */
  shownRun(folder: string): OpenRun;
  /** The same for requests about rollouts, which may also be those of cursor A's run. */
  knownRun(folder: string): OpenRun;
  /** The start that is shown in place of the run. */
  start(): ShownStart | null;
  tellFinding(progress: FindProgress): void;
}

/** Answers to the requests that do not change what the page shows. */
export function panelRequests({
  actions,
  shownRun,
  knownRun,
  start,
  tellFinding,
}: Shows): Omit<Handlers<PanelContract>, 'attach' | 'watch' | 'compareWithRun'> {
  return {
    readGroup: async ({ run, group, rollout, isKnown }, signal) => {
      const page = await groupPage(knownRun(run), group, rollout, isKnown);
      // The page has moved on, and the rollouts may be large.
      if (signal.aborted) throw new RollscopeError('canceled', 'Reading the rollouts was canceled.');
      return page;
    },
    readPrompt: async ({ run, problem }) => (await readPrompt(shownRun(run).folder, problem))?.text ?? null,
    compareRollouts: async ({ other, ...one }) => {
      const [left, right] = [one, other].map((given) => ({ ...given, run: knownRun(given.run) }));
      await actions.compareRollouts(left!, right!);
      return null;
    },
    listRuns: ({ run }) => actions.listRuns(shownRun(run)),
    find: ({ run, query }, signal) => {
      const { folder, columns } = shownRun(run);
      const tell = throttle(MESSAGE_INTERVAL_MS, (progress: FindProgress) => tellFinding(progress));
      return findRollouts(folder, columns, query, { signal, onProgress: tell }).finally(() => tell.dispose());
    },
    calibrate: ({ run, phase, step }, signal) => actions.calibrate(shownRun(run), phase, step, signal),
    rescore: ({ run, ...scope }, signal) => actions.rescore(shownRun(run), scope, signal),
    readNotes: ({ run }) => readNotes(shownRun(run).folder),
    writeNote: ({ run, note }) => actions.writeNote(shownRun(run), note),
    openRollout: async ({ run, group, rollout }) => {
      await actions.openRollout(knownRun(run), group, rollout);
      return null;
    },
    saveFile: async ({ name, content, encoding }) => {
      await actions.saveFile(name, Buffer.from(content, encoding));
      return null;
    },
    revealProblem: async ({ run, problem }) => {
      await actions.revealProblem(shownRun(run), problem);
      return null;
    },
    control: async ({ run, action }) => {
      await actions.control(action, shownRun(run));
      return null;
    },
    perform: async ({ action }) => {
      await actions.perform(action);
      return null;
    },
    answerStart: async ({ answer }) => {
      await start()?.answer(answer);
      return null;
    },
    openSetting: async ({ setting }) => {
      const { state, openSetting } = start() ?? {};
      if (state?.state === 'failed' && state.settings.some(({ id }) => id === setting)) await openSetting?.(setting);
      return null;
    },
  };
}
