/**
 * Notes and pins at places of the run; a click goes to the place. Shows nothing if there are none and none is being
 * written.
 */
import { css, nothing } from 'lit';
import { customElement } from 'lit/decorators.js';
import { placeText } from '../../engine/protocol/address.ts';
import { dateTime } from '../../engine/protocol/format.ts';
import type { Note } from '../../engine/protocol/note.ts';
import { Component } from '../component.ts';
import { failureNotice, failureStyles } from '../failure-notice.ts';
import { goToPlace } from '../go-to.ts';
import { html } from '../html.ts';
import { selectedPlace } from '../notebook.ts';
import { shared } from '../styles.ts';

/** `randomUUID` exists in secure contexts only. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The element of the notes. */
@customElement('rs-notes')
export class Notes extends Component {
  static override styles = [
    shared,
    failureStyles,
    css`
      section {
        max-height: 20vh;
        overflow-y: auto;
        padding: 3px 12px;
        border-bottom: 1px solid var(--rule);
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li,
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 10px;
        align-items: baseline;
        margin: 2px 0;
      }
      .text {
        overflow-wrap: anywhere;
      }
      .time {
        margin-left: auto;
        white-space: nowrap;
      }
      button.place {
        color: var(--vscode-textLink-foreground);
        white-space: nowrap;
      }
      input[type='text'] {
        flex: 1 1 12em;
        min-width: 0;
        height: 24px;
        padding: 1px 5px;
        border: 1px solid var(--vscode-input-border, var(--rule));
        color: var(--vscode-input-foreground);
        background: var(--vscode-input-background);
        font: inherit;
      }
      label {
        white-space: nowrap;
      }
    `,
  ];

  override render() {
    const { notebook, failures } = this.store;
    const failure = (['readNotes', 'writeNote'] as const).map((name) =>
      failureNotice(name, failures.of(name), () => failures.clear(name)),
    );
    if (notebook.notes.length === 0 && !notebook.isOpen) return failure;
    const notes = notebook.notes.toSorted((a, b) => Number(b.pinned) - Number(a.pinned));
    return html`<section aria-label="Notes">
      ${failure} ${notebook.isOpen ? this.form() : nothing}
      <ul>${notes.map((note) => this.note(note))}</ul>
    </section>`;
  }

  override updated(): void {
    if (this.store.notebook.takeFocus()) this.renderRoot.querySelector<HTMLInputElement>('input')?.focus();
  }

  private note(note: Note) {
    const { notebook, isReadOnly } = this.store;
    const place = placeText(note);
    return html`<li data-note=${note.id}>
      ${isReadOnly ? (note.pinned ? '★' : nothing) : html`<button class="link" aria-pressed=${note.pinned} title=${note.pinned ? 'Unpin' : 'Pin'} aria-label="${note.pinned ? 'Unpin' : 'Pin'} ${place}" @click=${() => notebook.write({ ...note, pinned: !note.pinned })}>${note.pinned ? '★' : '☆'}</button>`}
      <button class="link place" @click=${() => goToPlace(this.store, note)}>${place}</button>
      <span class="text">${note.text}</span>
      <span class="muted time">${dateTime(note.time)}</span>
      ${isReadOnly ? nothing : html`<button class="link" title="Remove" aria-label="Remove the note at ${place}" @click=${() => notebook.write({ ...note, text: '', pinned: false })}>✕</button>`}
    </li>`;
  }

  /** The form for a new note at the selected place. */
  private form() {
    const place = selectedPlace(this.store);
    const submit = (event: Event) => {
      event.preventDefault();
      const form = new FormData(event.target as HTMLFormElement);
      const text = String(form.get('text') ?? '').trim();
      const pinned = form.get('pinned') !== null;
      if (text === '' && !pinned) return;
      const at = { step: null, phase: null, problem: null, row: null, rollout: null, tokens: null, ...place };
      const { says: _, ...rest } = at;
      this.store.notebook.write({ id: newId(), time: new Date().toISOString(), text, pinned, ...rest });
    };
    return html`<form @submit=${submit} @keydown=${this.key}>
      <span class="muted">${placeText(place)}</span>
      <input type="text" name="text" maxlength="2000" aria-label="Note at ${placeText(place)}" placeholder="Note (Enter saves, Escape closes)" />
      <label><input type="checkbox" name="pinned" /> pin</label>
    </form>`;
  }

  private readonly key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.store.notebook.setOpen(false);
  };
}
