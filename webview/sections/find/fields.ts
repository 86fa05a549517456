/** The conditions of a search among rollouts, as a form: Enter searches, Escape closes it. */
import { css, nothing } from 'lit';
import { PHASES, type Phase } from '../../../engine/protocol/group-id.ts';
import type { FindQuery } from '../../../engine/runs/find-query.ts';
import { html } from '../../html.ts';

export const findFieldStyles = css`
  form {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 8px;
    align-items: center;
    margin: 0;
  }
  form input,
  form select {
    height: 24px;
    padding: 1px 5px;
    border: 1px solid var(--vscode-input-border, var(--rule));
    color: var(--vscode-input-foreground);
    background: var(--vscode-input-background);
    font: inherit;
  }
  form select {
    border-color: var(--vscode-dropdown-border, var(--rule));
    color: var(--vscode-dropdown-foreground);
    background: var(--vscode-dropdown-background);
  }
  form input::placeholder {
    color: var(--vscode-input-placeholderForeground);
  }
  form input.text {
    flex: 1 1 16em;
    min-width: 10em;
  }
  form input.short {
    width: 7em;
  }
  button.toggle {
    height: 24px;
    min-width: 26px;
    padding: 0 4px;
    border: 1px solid transparent;
    color: inherit;
    background: none;
    font-family: var(--vscode-editor-font-family);
    cursor: pointer;
  }
  button.toggle[aria-pressed='true'] {
    color: var(--vscode-inputOption-activeForeground, inherit);
    border-color: var(--vscode-inputOption-activeBorder, var(--vscode-focusBorder));
    background: var(--vscode-inputOption-activeBackground);
  }
`;

export interface FindForm {
  query: FindQuery;
  /** Whether problems have reference answers. */
  labeled: boolean;
  set(change: { [K in keyof FindQuery]?: FindQuery[K] | undefined }): void;
  start(): void;
  close(): void;
}

const inputOf = (event: Event) => event.target as HTMLInputElement;

/** A template of the form. @param labeled offers to search by correctness, too */
export function findFields({ query, labeled, set, start, close }: FindForm) {
  const isRegex = query.regex !== undefined;
  const text = query.text ?? query.regex ?? '';
  const setText = (value: string, regex: boolean) => {
    const given = value === '' ? undefined : value;
    set(regex ? { regex: value, text: undefined } : { text: given, regex: undefined });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    // An empty pattern is not a condition.
    if (query.regex === '') set({ regex: undefined });
    start();
  };
  const number = (
    key: 'leastReward' | 'mostReward' | 'firstStep' | 'lastStep',
    label: string,
    sign: string,
    step: 'any' | '1',
  ) =>
    html`<input class="short" type="number" step=${step} min=${step === '1' ? '0' : nothing} aria-label=${label} placeholder=${sign} .value=${query[key] === undefined ? '' : String(query[key])}
      @input=${(event: Event) => set({ [key]: Number.isNaN(inputOf(event).valueAsNumber) ? undefined : inputOf(event).valueAsNumber })} />`;
  return html`<form role="search" @submit=${submit}>
    <input class="text" type="text" data-find-text aria-label=${isRegex ? 'Regular expression' : 'Text'} placeholder="Find in all rollouts" .value=${text} @input=${(event: Event) => setText(inputOf(event).value, isRegex)} />
    ${toggle('Aa', 'Match case', query.matchCase === true, () => set({ matchCase: query.matchCase ? undefined : true }))}
    ${toggle('.*', 'Use regular expression', isRegex, () => setText(text, !isRegex))}
    <input class="short" type="text" aria-label="Answer" placeholder="answer" .value=${query.answer ?? ''} @input=${(event: Event) => set({ answer: inputOf(event).value || undefined })} />
    ${choice('Verdict', answerChoice(query), labeled ? ['any verdict', 'correct', 'wrong', 'no answer'] : ['any verdict', 'no answer'], (value) => set(answerChange(query, value)))}
    ${choice('Finish reason', query.finish ?? 'any finish', ['any finish', 'stop', 'length'], (value) => set({ finish: value === 'stop' || value === 'length' ? value : undefined }))}
    ${choice('Phase', query.phase ?? 'any phase', ['any phase', ...PHASES], (value) => set({ phase: (PHASES as readonly string[]).includes(value) ? (value as Phase) : undefined }))}
    ${number('leastReward', 'Reward from', 'reward ≥', 'any')} ${number('mostReward', 'Reward to', 'reward ≤', 'any')}
    ${number('firstStep', 'Step from', 'step ≥', '1')} ${number('lastStep', 'Step to', 'step ≤', '1')}
    <vscode-button data-action="find-now" @click=${submit}>Find</vscode-button>
    <button type="submit" hidden></button>
    <button type="button" class="toggle" title="Close (Escape)" aria-label="Close the search" data-action="close-find" @click=${close}>✕</button>
  </form>`;
}

function toggle(sign: string, title: string, pressed: boolean, click: () => void) {
  return html`<button type="button" class="toggle" title=${title} aria-label=${title} aria-pressed=${pressed} @click=${click}>${sign}</button>`;
}

function choice(label: string, value: string, choices: readonly string[], set: (value: string) => void) {
  return html`<select aria-label=${label} @change=${(event: Event) => set((event.target as HTMLSelectElement).value)}>
    ${choices.map((item) => html`<option value=${item} .selected=${item === value}>${item}</option>`)}
  </select>`;
}

function answerChoice({ answer, correct }: FindQuery): string {
  if (answer === null) return 'no answer';
  return correct === undefined ? 'any verdict' : correct ? 'correct' : 'wrong';
}

function answerChange({ answer }: FindQuery, value: string) {
  return {
    answer: value === 'no answer' ? null : (answer ?? undefined),
    correct: value === 'correct' ? true : value === 'wrong' ? false : undefined,
  };
}
