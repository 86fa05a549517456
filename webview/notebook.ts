/** Notes and pins at places of the run, which the host stores, and the address of the selection. */
import type { Peer } from '../engine/messages/peer.ts';
import { addressText, type PartialAddress } from '../engine/protocol/address.ts';
import type { RunInfo } from '../engine/protocol/listed-run.ts';
import type { Note } from '../engine/protocol/note.ts';
import type { Problem } from '../engine/protocol/problem.ts';
import { problemName } from '../engine/runs/find-place.ts';
import type { PanelContract } from '../engine/runs/panel-contract.ts';
import type { Failures } from './failures.ts';
import type { ProblemRow } from './problem-row.ts';
import type { Selection } from './selection.ts';

/** The selection and its run. */
interface Selected {
  info: RunInfo | null;
  problems: readonly Problem[];
  selection: Selection;
  selected: ProblemRow | null;
  scheme: string;
}

/** Requests each change from the host and shows the result. */
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

  /** Whether it was opened since the last call; its text field then takes the focus. */
  takeFocus(): boolean {
    const { wantsFocus } = this;
    this.wantsFocus = false;
    return wantsFocus;
  }

  private ask(name: 'readNotes' | 'writeNote', request: () => Promise<Note[]>): void {
    const asked = this.run();
    const fail = this.failures.begin(name);
    request().then(
      (notes) => {
        if (this.run() !== asked) return;
        this.notes = notes;
        this.changed();
      },
      (error: unknown) => fail(error, () => this.ask(name, request)),
    );
  }
}

/** The selected place: the problem at the selected step, its rollout if one was chosen, and its tokens. */
export function selectedPlace({
  selection,
  problems,
  selected,
}: Omit<Selected, 'info' | 'scheme'>): Omit<PartialAddress, 'folder'> {
  if (!selected) return { step: selection.step };
  const { problem, view } = selected;
  const { rollout, tokens } = selection;
  return {
    ...problemName(problems, problem.index),
    step: view.step,
    phase: view.phase,
    // Tokens belong to the rollout that is shown, chosen or not.
    rollout: rollout === null && tokens === null ? null : selection.rolloutIn(view.rollouts) + 1,
    ...(tokens && { tokens: [...tokens] }),
  };
}

/** The address of the selection, with cursor A unless it is at its default. */
export function selectedAddress(store: Selected): string {
  const { from, fromRun } = store.selection;
  const cursorA = { ...(from !== null && { from }), ...(fromRun !== null && { fromRun }) };
  return addressText({ folder: store.info?.folder ?? '', ...selectedPlace(store), ...cursorA }, store.scheme);
}
