/** Notes and pins at places of the run, as the host keeps them, and the address of what is selected. */
import type { Peer } from '../engine/messages/peer.ts';
import { addressText, type GivenAddress } from '../engine/protocol/address.ts';
import type { RunInfo } from '../engine/protocol/listed-run.ts';
import type { Note } from '../engine/protocol/note.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import { problemName } from '../engine/runs/find-place.ts';
import type { PanelContract } from '../engine/runs/panel-contract.ts';
import { type Failures, failureOf } from './failures.ts';
import type { ProblemRow } from './problem-row.ts';
import type { Selection } from './selection.ts';

/** What is selected, in which run. */
interface Selected {
  info: RunInfo | null;
  problems: readonly Problem[];
  selection: Selection;
  selected: ProblemRow | null;
  scheme: string;
}

/** Asks the host for each change and shows what it answers. */
export class Notebook {
  notes: readonly Note[] = [];
  /** Whether a note is being written. */
  isOpen = false;
  private wantsFocus = false;

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
  ) {}

  /** Reads the notes of a run that has just been shown. */
  read(): void {
    this.notes = [];
    this.isOpen = false;
    this.ask('readNotes', () => this.peer.request('readNotes', { run: this.run() }));
  }

  /** Adds a note, or changes that with its id; one without a text that is not pinned is removed. */
  write(note: Note): void {
    this.isOpen = false;
    this.ask('writeNote', () => this.peer.request('writeNote', { run: this.run(), note }));
  }

  setOpen(isOpen: boolean): void {
    this.isOpen = isOpen;
    this.wantsFocus = isOpen;
    this.changed();
  }

  /** Whether it was opened since the last time: its text field takes the focus then. */
  takeFocus(): boolean {
    const { wantsFocus } = this;
    this.wantsFocus = false;
    return wantsFocus;
  }

  private ask(name: 'readNotes' | 'writeNote', request: () => Promise<Note[]>): void {
    const asked = this.run();
    this.failures.clear(name);
    request().then(
      (notes) => {
        if (this.run() !== asked) return;
        this.notes = notes;
        this.changed();
      },
      (error: unknown) => {
        this.failures.set(
          name,
          failureOf(error, () => this.ask(name, request)),
        );
      },
    );
  }
}

/** The place that is selected: the problem at the step that is looked at, its rollout where one was chosen, and its tokens. */
export function selectedPlace({
  selection,
  problems,
  selected,
}: Omit<Selected, 'info' | 'scheme'>): Omit<GivenAddress, 'folder'> {
  if (!selected) return { step: selection.step };
  const { problem, view } = selected;
  const { rollout, tokens } = selection;
  return {
    ...problemName(problems, problem.index),
    step: view.step,
    phase: view.phase,
    // Tokens are those of the rollout that is shown, chosen or not.
    rollout: rollout === null && tokens === null ? null : selection.rolloutIn(view.rollouts) + 1,
    ...(tokens && { tokens: [...tokens] }),
  };
}

/** The address of what is selected, with cursor A where that is not at its first place. */
export function selectedAddress(store: Selected): string {
  const { from, fromRun } = store.selection;
  const cursorA = { ...(from !== null && { from }), ...(fromRun !== null && { fromRun }) };
  return addressText({ folder: store.info?.folder ?? '', ...selectedPlace(store), ...cursorA }, store.scheme);
}
