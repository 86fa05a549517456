/** The actions of the panel's keys: they move the selection, or act in the section concerned. */
import type { LitElement, ReactiveController } from 'lit';
import { KEYS, type KeyAction } from './keys.ts';
import { selectedAddress } from './notebook.ts';
import { stepBefore } from './rollout-before.ts';
import type { Inspector } from './sections/inspector.ts';
import type { Problems } from './sections/problems.ts';
import type { RolloutView } from './sections/rollout.ts';
import type { Store } from './store.ts';

/** What the keys need from the panel. */
export interface KeyTarget {
  store: Store;
  /** Width of the panel, CSS pixels. */
  width: number;
  toggleHelp(): void;
}

/** The element of each section that keys act in. */
interface Sections {
  'rs-inspector': Inspector;
  'rs-problems': Problems;
  'rs-rollout': RolloutView;
}

/** Listens to the keys of the window while its host is on the page. */
export class KeyActions implements ReactiveController {
  constructor(
    private readonly host: LitElement,
    private readonly target: () => KeyTarget,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('keydown', this.key);
  }

  hostDisconnected(): void {
    window.removeEventListener('keydown', this.key);
  }

  /** The keys that have an action here, with their actions. */
  get known() {
    const { isReadOnly, canFind } = this.target().store;
    const has = (action: KeyAction): boolean =>
      action === 'open' || action === 'note' ? !isReadOnly : action === 'find-all' ? canFind : true;
    return KEYS.filter(({ action }) => has(action));
  }

  private readonly key = (event: KeyboardEvent): void => {
    const [target] = event.composedPath() as HTMLElement[];
    const writes =
      target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
    if (writes || event.ctrlKey || event.metaKey || event.altKey || this.target().store.phase !== 'run') return;
    const found = KEYS.find(({ keys }) => keys.includes(event.key));
    if (
      !found ||
      (event.key === 'Enter' && target?.closest('button, a, summary, vscode-button, [role="button"], [role="tab"]'))
    )
      return;
    event.preventDefault();
    if (this.known.includes(found)) this.actions[found.action]();
  };

  private readonly actions: Readonly<Record<KeyAction, () => void>> = {
    'next-problem': () => this.section('rs-problems')?.step(1),
    'previous-problem': () => this.section('rs-problems')?.step(-1),
    'next-rollout': () => this.section('rs-inspector')?.step(1),
    'previous-rollout': () => this.section('rs-inspector')?.step(-1),
    'next-step': () => this.lookBy(1),
    'previous-step': () => this.lookBy(-1),
    'set-a': () => {
      const { selection } = this.target().store;
      // In another run, 0 is before training and null its latest step.
      const isFirst = this.step === 0 && selection.fromRun === null;
      selection.compareWith(this.step === selection.from || isFirst ? null : this.step);
    },
    beside: () => {
      const { store, width } = this.target();
      const { selection } = store;
      selection.showBefore(!selection.showsBefore);
      if (selection.showsBefore) selection.layout.turnTo('rollout', width);
    },
    'next-before': () => stepBefore(this.target().store, 1),
    'previous-before': () => stepBefore(this.target().store, -1),
    filter: () => {
      const { store, width } = this.target();
      store.selection.layout.turnTo('problems', width);
      this.focusField(() => this.section('rs-problems')?.focusFilter());
    },
    'next-surprise': () => this.inRollout((view) => view.goToSurprising(1)),
    'previous-surprise': () => this.inRollout((view) => view.goToSurprising(-1)),
    fork: () => this.inRollout((view) => view.goToFork()),
    find: () => {
      const { store, width } = this.target();
      store.selection.layout.turnTo('rollout', width);
      this.focusField(() => this.section('rs-rollout')?.focusFind());
    },
    'find-all': () => this.target().store.finder.open(),
    note: () => this.target().store.notebook.setOpen(true),
    'copy-link': () => void navigator.clipboard?.writeText(selectedAddress(this.target().store)),
    open: () => {
      const { selection, columns, requests, selected } = this.target().store;
      const row = selected?.view.row ?? null;
      if (row === null) return;
      requests.openRollout(columns.idOf(row), selection.rolloutIn(columns.groups.columns.rollouts[row]!));
    },
    help: () => this.target().toggleHelp(),
  };

  private get step(): number {
    const { selection, columns } = this.target().store;
    return selection.step ?? columns.step;
  }

  private lookBy(by: 1 | -1): void {
    const { selection, columns } = this.target().store;
    selection.lookAt(Math.max(0, Math.min(columns.step, this.step + by)));
  }

  private section<N extends keyof Sections>(name: N): Sections[N] | null {
    return this.host.renderRoot.querySelector<HTMLElement & Sections[N]>(name);
  }

  /** At once, since what is typed next is text and no key of the panel; and once more where a narrow panel shows it only then. */
  private focusField(focus: () => void): void {
    focus();
    requestAnimationFrame(focus);
  }

  /** Acts in the rollout, which a narrow panel may not show yet. */
  private inRollout(act: (view: RolloutView) => void): void {
    const { store, width } = this.target();
    store.selection.layout.turnTo('rollout', width);
    requestAnimationFrame(() => {
      const view = this.section('rs-rollout');
      if (view) act(view);
    });
  }
}
