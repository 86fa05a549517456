/**
 * The run of cursor A, if it is not the run that is shown: as the host sends it, with its problems matched to this
 * run's.
 */
import type { Peer } from '../engine/messages/peer.ts';
import { fromErrorData } from '../engine/protocol/errors.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import type { RunColumns } from '../engine/runs/columns.ts';
import { type Partners, partnersOf } from '../engine/runs/comparison/other-run.ts';
import type { SettingDifference } from '../engine/runs/comparison/settings.ts';
import { unpack } from '../engine/runs/packed.ts';
import type { PanelContract, RunChoice, ShownCursorARun } from '../engine/runs/panel-contract.ts';
import { type Failures, failureOf } from './failures.ts';
import { Remembered } from './remembered.ts';

/** The run, once it has been read. */
export interface OtherRun {
  run: string;
  folder: string;
  problems: readonly Problem[];
  columns: RunColumns;
  /** The settings that differ, with the values of that run and of the run that is shown. */
  settings: readonly SettingDifference[];
}

/** Requests the run that cursor A is set to, and keeps what the host sends of it. */
export class CursorARunReader {
  /** null: cursor A is in the run that is shown, or its run is still being read. */
  other: OtherRun | null = null;
  /** Folder of the requested run. */
  folder: string | null = null;
  /** Fraction of it that has been read. */
  loaded = 0;
  /** Runs to choose from; null before they have been listed. */
  choices: readonly RunChoice[] | null = null;
  /** The host has the run, or is looking for it. */
  private isAsked = false;
  private readonly matched = new Remembered<Partners>();

  constructor(
    private readonly peer: Peer<PanelContract>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
  ) {
    peer.on('cursorARun', (shown) => this.show(shown));
    peer.on('columnsOfA', ({ folder, columns, problems }) => {
      if (!this.other || this.other.folder !== folder) return;
      const known = this.other;
      this.other = {
        ...known,
        columns: unpack(columns, known.columns),
        problems: problems.length > 0 ? [...known.problems, ...problems] : known.problems,
      };
      this.changed();
    });
  }

  /** The other run's counterparts of the problems of the run that is shown. */
  partners(problems: readonly Problem[]): Partners {
    const others = this.other?.problems ?? [];
    return this.matched.of([problems, others], () => partnersOf(problems, others));
  }

  /** Sets cursor A to another run; null: to the one that is shown. */
  set(folder: string | null): void {
    this.forget();
    this.folder = folder;
    this.failures.clear('compareWithRun');
    if (folder !== null || this.isAsked) this.ask();
    this.changed();
  }

  /** Lists the runs to choose from. */
  list(): void {
    const asked = this.run();
    const fail = this.failures.begin('listRuns');
    this.peer.request('listRuns', { run: asked }).then(
      (choices) => {
        if (this.run() !== asked) return;
        this.choices = choices;
        this.changed();
      },
      (error: unknown) => fail(error, () => this.list()),
    );
  }

  /** Another run is shown: its cursor A is in it. */
  clear(): void {
    this.forget();
    this.isAsked = false;
    this.choices = null;
  }

  private forget(): void {
    this.other = null;
    this.folder = null;
    this.loaded = 0;
  }

  private ask(): void {
    const { folder } = this;
    this.isAsked = folder !== null;
    this.peer.request('compareWithRun', { run: this.run(), other: folder }).catch((error: unknown) => {
      if (this.folder !== folder) return;
      this.isAsked = false;
      this.fail(error);
    });
  }

  private fail(error: unknown): void {
    const { folder } = this;
    this.failures.set(
      'compareWithRun',
      failureOf(error, () => this.set(folder)),
    );
  }

  private show({ columns, loaded, error, ...about }: ShownCursorARun): void {
    if (about.folder !== this.folder) return;
    this.loaded = loaded;
    this.other = columns ? { ...about, columns: unpack(columns, null) } : null;
    if (error) this.fail(fromErrorData(error));
    this.changed();
  }
}
