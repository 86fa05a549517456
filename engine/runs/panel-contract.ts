/**
 * The messages between the panel's page and its host. The host checks what the page sends; the page imports types only.
 * The host keeps the run, and the page gets copies of its columns and requests the rollouts that it shows.
 */
import * as z from 'zod';
import { defineContract, unchecked } from '../messages/contract.ts';
import type { Address } from '../protocol/address.ts';
import type { MeasureAlignment } from '../protocol/calibration.ts';
import type { ErrorData } from '../protocol/errors.ts';
import { type GroupDetail, GroupId, type Phase } from '../protocol/group.ts';
import { PHASES } from '../protocol/group-id.ts';
import type { RunInfo } from '../protocol/listed-run.ts';
import type { Note } from '../protocol/note.ts';
import type { Problem } from '../protocol/problem.ts';
import type { RewardComparison } from '../protocol/reward-comparison.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { AnswerPlace } from '../reward/answer-place.ts';
import type { SettingDifference } from './comparison/settings.ts';
import { type FindProgress, FindQuery, type FindResult } from './find-query.ts';
import type { ForkPoint, NoFork } from './fork-point.ts';
import type { PackedColumns } from './packed.ts';
import type { PanelLayout, PaneName, ProblemOrder, TokenShading } from './panel-state.ts';
import { SavedFile } from './saved-file.ts';
import type { Metric } from './series.ts';
import { START_ANSWERS, type StartState } from './start-state.ts';

/** The actions with which the page can control a run. */
export const RUN_ACTIONS = ['pause', 'continue', 'stop', 'resume', 'fork-healthy', 'statistics'] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];
/** The actions of the editor that the page can request, whichever run is shown. */
export const EDITOR_ACTIONS = ['choose-run', 'train'] as const;
export type EditorAction = (typeof EDITOR_ACTIONS)[number];

/** The state to show: no run, a run that is being started, or a run, whose columns may still be loading. */
export type Shown =
  | { run: null; start: StartState | null }
  | {
      run: RunInfo;
      problems: readonly Problem[];
      progress: Progress | null;
      /** null while they are read, and when that failed. */
      columns: PackedColumns | null;
      /** The part of the journal that has been read, 0 to 1. */
      loaded: number;
      /** Why the run cannot be read. */
      error: ErrorData | null;
      /** Index of the problem to select; null leaves the selection as it is. */
      select: number | null;
      /** Scheme of links that the host opens; absent: `vscode`. */
      scheme?: string;
    };

/** A run that cursor A may be set to. */
export type RunChoice = Pick<RunInfo, 'run' | 'folder' | 'job' | 'model' | 'reward' | 'dataset' | 'step' | 'created'>;

/** The run of cursor A, if that is another run. */
export interface ShownCursorARun {
  run: string;
  folder: string;
  problems: readonly Problem[];
  /** null while they are read, and when that failed. */
  columns: PackedColumns | null;
  loaded: number;
  error: ErrorData | null;
  /** The settings that differ, with the values of both runs. */
  settings: SettingDifference[];
}

/** By column of the dataset, the value for every problem, in order; null if a row has none. */
export type DataColumns = Readonly<Record<string, readonly (string | null)[]>>;

/** A group with its rollouts, why each got its reward, and where the answer of each was found. */
export interface GroupPage {
  detail: Omit<GroupDetail, 'evidence'>;
  why: string[];
  places: (AnswerPlace | null)[];
  /**
   * For a large group, the one rollout with text and tokens; the others have only what comparisons need: ids and
   * log-probabilities. null if all rollouts are complete.
   */
  whole: { rollout: number; fork: ForkPoint | NoFork } | null;
}

const index = z.int().min(0);
/**
 * Folder of the run that a request is about. The host refuses requests about a run that it no longer shows, so a late
 * click never acts on another run.
 */
const run = z.string();
/** Reason of that refusal. Asking again would not help. */
export type NotShown = 'run-not-shown';

/** The groups whose rewards are requested. */
export interface RescoreScope {
  phase: Phase;
  /** null: all. */
  step: number | null;
  /** Index; null: all. */
  problem: number | null;
}
const whole = z.int().min(0).nullable();
const NoteInput: z.ZodType<Note> = z.strictObject({
  id: z.string().min(1).max(64),
  time: z.iso.datetime(),
  text: z.string().max(2000),
  pinned: z.boolean(),
  step: whole,
  phase: z.enum(PHASES).nullable(),
  problem: z.string().nullable(),
  row: whole,
  rollout: whole,
  tokens: z.tuple([z.int().min(1), z.int().min(1)]).nullable(),
});

export const PANEL = defineContract({
  requests: {
    /** First request of every page; `shown` follows. `again` reads a run again that could not be read. */
    attach: { params: z.strictObject({ again: z.boolean().default(false) }), result: unchecked<null>() },
    /** Tells whether the page is visible. A hidden page gets nothing until it is visible again. */
    watch: { params: z.strictObject({ visible: z.boolean() }), result: unchecked<null>() },
    /**
     * `rollout`: the one that is shown, whose tokens come with the group. `isKnown`: the page already has the group
     * with another rollout, so the data that compares the rollouts of a large group is not sent again.
     */
    readGroup: {
      params: z.strictObject({ run, group: GroupId, rollout: index.default(0), isKnown: z.boolean().default(false) }),
      result: unchecked<GroupPage>(),
    },
    /** Searches the run's rollouts; `finding` reports the progress. */
    find: { params: z.strictObject({ run, query: FindQuery }), result: unchecked<FindResult>() },
    readNotes: { params: z.strictObject({ run }), result: unchecked<Note[]>() },
    /** Adds a note, or changes that with its id; one without a text that is not pinned is removed. */
    writeNote: { params: z.strictObject({ run, note: NoteInput }), result: unchecked<Note[]>() },
    openRollout: { params: z.strictObject({ run, group: GroupId, rollout: index }), result: unchecked<null>() },
    /** The prompt of a problem as the model got it; null if the run does not contain it. */
    readPrompt: { params: z.strictObject({ run, problem: index }), result: unchecked<string | null>() },
    /** Opens two rollouts in the editor's diff, the second on the right: of one group, of two steps, or of two runs. */
    compareRollouts: {
      params: z.strictObject({
        run,
        group: GroupId,
        rollout: index,
        other: z.strictObject({ run, group: GroupId, rollout: index }),
      }),
      result: unchecked<null>(),
    },
    /** The runs that cursor A can be set to, those on the same dataset first. */
    listRuns: { params: z.strictObject({ run }), result: unchecked<RunChoice[]>() },
    /** Sets cursor A to another run, by its folder, which `cursorARun` then sends; null for the run that is shown. */
    compareWithRun: { params: z.strictObject({ run, other: z.string().nullable() }), result: unchecked<null>() },
    /** The scores of every reward for stored rollouts of one phase: of a step, of a problem, or of the run. */
    rescore: {
      params: z.strictObject({ run, phase: GroupId.shape.phase, step: index.nullable(), problem: index.nullable() }),
      result: unchecked<RewardComparison>(),
    },
    /** Writes a file where the user says, such as a chart. Resolves also when nobody chose a place. */
    saveFile: { params: SavedFile, result: unchecked<null>() },
    /** Whether confidence goes with correctness in the rollouts of one step. */
    calibrate: {
      params: z.strictObject({ run, phase: GroupId.shape.phase, step: index }),
      result: unchecked<MeasureAlignment[]>(),
    },
    revealProblem: { params: z.strictObject({ run, problem: index }), result: unchecked<null>() },
    control: { params: z.strictObject({ run, action: z.enum(RUN_ACTIONS) }), result: unchecked<null>() },
    perform: { params: z.strictObject({ action: z.enum(EDITOR_ACTIONS) }), result: unchecked<null>() },
    /** The user's response to the start that is shown. */
    answerStart: { params: z.strictObject({ answer: z.enum(START_ANSWERS) }), result: unchecked<null>() },
    /** Opens a setting that the failed start names. */
    openSetting: { params: z.strictObject({ setting: z.string().max(200) }), result: unchecked<null>() },
  },
  notifications: {
    /** Replaces everything that the page knows; what follows is about this run. */
    shown: unchecked<Shown>(),
    loading: unchecked<{ loaded: number }>(),
    /** New rows of the columns, or all of them, and new problems, which an import finds among the rollouts. */
    columns: unchecked<{ columns: PackedColumns; problems: readonly Problem[]; status: RunInfo['status'] }>(),
    cursorARun: unchecked<ShownCursorARun>(),
    /** New rows of the columns of the run of A. */
    columnsOfA: unchecked<{ folder: string; columns: PackedColumns; problems: readonly Problem[] }>(),
    progress: unchecked<{ progress: Progress | null; status: RunInfo['status'] }>(),
    /** The columns that problems can be grouped by, once the dataset has been read. */
    dataColumns: unchecked<{ run: string; columns: DataColumns }>(),
    select: unchecked<{ problem: number }>(),
    finding: unchecked<FindProgress>(),
    /** Goes to a place of the run. */
    go: unchecked<{ place: Omit<Address, 'folder' | 'says'> }>(),
    /** Shows a step. */
    look: unchecked<{ step: number }>(),
  },
});
export type PanelContract = typeof PANEL;

/** The state that the page keeps across a reload: navigation only. */
export interface ViewState {
  /** Folder of the run that was shown. */
  run: string | null;
  problem: number | null;
  step: number | null;
  /** Metrics of the selectable charts; absent until the user has chosen. */
  charts?: Metric[];
  /** Everything below is absent while it has its initial value. */
  /** Weight of what came before, in curves. */
  smoothing?: number;
  rollout?: number;
  filter?: string;
  /** Step that others are compared with (cursor A). */
  from?: number;
  /** Folder of the run of cursor A, where that is another one. */
  fromRun?: string;
  /** A rollout of cursor A is shown next to that of B. */
  before?: true;
  rolloutBefore?: number;
  order?: ProblemOrder;
  shading?: TokenShading;
  /** Rewards that are shown as columns of the rollouts. */
  rewards?: string[];
  /** Calibration is shown in the place of the problem. */
  calibration?: true;
  /** Histograms of the problems stand below the charts. */
  histograms?: true;
  layout?: PanelLayout;
  /** What is searched for among the rollouts, where the search is open. */
  find?: FindQuery;
  /** Pixels that each pane is scrolled down. */
  scroll?: Partial<Record<PaneName, number>>;
}
