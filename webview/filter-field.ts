/** The field of a filter, with a list of the terms that complete what is being typed. */
import { css, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement } from 'lit/decorators.js';
import { completed, completions, type FilterTerm } from './filter-completion.ts';
import { html } from './html.ts';
import { shared } from './styles.ts';

/** An input with its list; its user sets `value`, `placeholder` and `change`. */
@customElement('rs-filter')
export class FilterField extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        position: relative;
        min-width: 0;
      }
      input {
        width: 100%;
        padding: 3px 6px;
        color: var(--vscode-input-foreground);
        background: var(--vscode-input-background);
        border: 1px solid var(--vscode-input-border, var(--rule));
        border-radius: 2px;
        font: inherit;
      }
      input::placeholder {
        color: var(--vscode-input-placeholderForeground, var(--muted-text));
        opacity: 1;
      }
      input:focus {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -1px;
      }
      ul {
        position: absolute;
        z-index: 5;
        top: 100%;
        left: 0;
        max-width: 100%;
        max-height: 16em;
        margin: 1px 0 0;
        padding: 2px 0;
        overflow: auto;
        list-style: none;
        color: var(--vscode-editorSuggestWidget-foreground, var(--vscode-foreground));
        background: var(--vscode-editorSuggestWidget-background, var(--vscode-editor-background));
        border: 1px solid var(--vscode-editorSuggestWidget-border, var(--rule));
        border-color: var(--vscode-contrastBorder, var(--vscode-editorSuggestWidget-border, var(--rule)));
      }
      li {
        display: flex;
        gap: 14px;
        padding: 1px 8px;
        white-space: nowrap;
        cursor: pointer;
      }
      li .term {
        flex: 0 0 13em;
        font-family: var(--vscode-editor-font-family);
      }
      li:hover {
        background: var(--vscode-list-hoverBackground);
      }
      li[aria-selected='true'] {
        color: var(--vscode-editorSuggestWidget-selectedForeground, var(--vscode-foreground));
        background: var(--vscode-editorSuggestWidget-selectedBackground, var(--vscode-list-inactiveSelectionBackground));
        outline: 1px solid var(--edge);
        outline-offset: -1px;
      }
      li[aria-selected='true'] .muted {
        color: inherit;
      }
    `,
  ];

  private filter = '';
  placeholder = '';
  /** Told of each change. */
  change: (filter: string) => void = () => undefined;
  private isOpen = false;
  /** Index of the term that Enter takes; -1 for none. */
  private chosen = -1;

  /** The filter, which other views change too. */
  get value(): string {
    return this.filter;
  }

  set value(filter: string) {
    if (filter === this.filter) return;
    this.filter = filter;
    this.requestUpdate();
  }

  override focus(): void {
    this.renderRoot.querySelector('input')?.focus();
  }

  override render() {
    const terms = this.terms;
    const { chosen } = this;
    return html`<input
        data-filter
        type="text"
        role="combobox"
        aria-label="Filter problems"
        aria-autocomplete="list"
        aria-expanded=${terms.length > 0}
        aria-controls="terms"
        aria-activedescendant=${chosen >= 0 && chosen < terms.length ? `term-${chosen}` : nothing}
        spellcheck="false"
        placeholder=${this.placeholder}
        .value=${this.value}
        @input=${(event: Event) => this.type((event.target as HTMLInputElement).value)}
        @keydown=${this.key}
        @blur=${() => this.close()}
      >
      ${
        terms.length === 0
          ? nothing
          : html`<ul id="terms" role="listbox" aria-label="Filter terms">
              ${terms.map(
                (
                  term,
                  i,
                ) => html`<li role="option" id="term-${i}" aria-selected=${i === chosen} @pointerdown=${(event: Event) => this.take(event, term)}>
                  <span class="term">${term.term}</span><span class="muted">${term.finds}</span></li>`,
              )}
            </ul>`
      }`;
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    this.renderRoot.querySelector('li[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  private get terms(): FilterTerm[] {
    return this.isOpen ? completions(this.value) : [];
  }

  private type(filter: string): void {
    this.isOpen = true;
    this.chosen = -1;
    this.set(filter);
  }

  private set(filter: string): void {
    this.value = filter;
    this.change(filter);
  }

  private close(): void {
    this.isOpen = false;
    this.chosen = -1;
    this.requestUpdate();
  }

  private take(event: Event, term: FilterTerm): void {
    event.preventDefault();
    this.chosen = -1;
    this.set(completed(this.value, term));
  }

  /** Arrows choose a term, or open the list; Enter and Tab take the chosen one, Escape closes the list and then empties the field. */
  private readonly key = (event: KeyboardEvent): void => {
    const { terms } = this;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      if (!this.isOpen) this.isOpen = true;
      else if (terms.length > 0)
        this.chosen = (Math.max(this.chosen, by > 0 ? -1 : 0) + by + terms.length) % terms.length;
      this.requestUpdate();
      return;
    }
    const term = terms[this.chosen];
    if ((event.key === 'Enter' || event.key === 'Tab') && term) this.take(event, term);
    else if (event.key === 'Escape' && this.isOpen) {
      event.stopPropagation();
      this.close();
    } else if (event.key === 'Escape' && this.value !== '') {
      event.stopPropagation();
      this.set('');
    }
  };
}
