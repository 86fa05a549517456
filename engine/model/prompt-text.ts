/** A structured prompt from problems and rewards, and how its parts become one text. */
import type { Turn } from '../protocol/problem.ts';

export interface PromptText {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: readonly Turn[] | undefined;
  user: string;
  /** The beginning of the response. */
  prefill?: string | undefined;
}

/** The messages of a prompt for chat templates, without the prefill. */
export function messagesOf({ system, before = [], user }: PromptText): { role: string; content: string }[] {
  return [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...before.map(({ role, content }) => ({ role, content })),
    { role: 'user', content: user },
  ];
}

/** All texts in a prompt that people or models wrote. */
export function textsOf({ system = '', before = [], user, prefill = '' }: PromptText): string[] {
  return [system, ...before.map(({ content }) => content), user, prefill];
}

/** Applies `change` to each text of a prompt (system, earlier turns, user, prefill). */
export function mapTexts(prompt: PromptText, change: (text: string) => string): PromptText {
  const { system, before, user, prefill } = prompt;
  return {
    system: system === undefined ? undefined : change(system),
    before: before?.map((turn) => ({ ...turn, content: change(turn.content) })),
    user: change(user),
    prefill: prefill === undefined ? undefined : change(prefill),
  };
}

/** The prompt for a model without a chat template: a single turn is used as is, several are labeled and joined. */
export function withoutTemplate({ system, before = [], user, prefill }: PromptText): string {
  const begin = prefill === undefined ? '' : before.length > 0 ? `assistant: ${prefill}` : prefill;
  const turns =
    before.length > 0 ? [...before.map((turn) => `${turn.role}: ${turn.content}`), `user: ${user}`] : [user];
  return [...(system ? [system] : []), ...turns, ...(begin === '' ? [] : [begin])].join('\n\n');
}

/** Appends the prefill to a prompt. A thought that the template has already opened is not opened again. */
export function withPrefill(prompt: string, prefill: string | undefined): string {
  if (prefill === undefined) return prompt;
  const open = /<think>\s*$/.exec(prompt);
  return open && /^\s*<think>/.test(prefill) ? prompt.slice(0, open.index) + prefill.trimStart() : prompt + prefill;
}
