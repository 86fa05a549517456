/** A prompt as problems and rewards give it, and how its parts become one text. */
import type { Turn } from '../protocol/problem.ts';

export interface PromptText {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: readonly Turn[] | undefined;
  user: string;
  /** The beginning of the response. */
  prefill?: string | undefined;
}

/** The turns of a prompt as chat templates take them, without the beginning of the response. */
export function messagesOf({ system, before = [], user }: PromptText): { role: string; content: string }[] {
  return [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...before.map(({ role, content }) => ({ role, content })),
    { role: 'user', content: user },
  ];
}

/** Everything in a prompt that people or models wrote. */
export function textsOf({ system = '', before = [], user, prefill = '' }: PromptText): string[] {
  return [system, ...before.map(({ content }) => content), user, prefill];
}

/** The prompt with each of its texts (system, earlier turns, user, prefill) changed. */
export function mapTexts(prompt: PromptText, change: (text: string) => string): PromptText {
  const { system, before, user, prefill } = prompt;
  return {
    system: system === undefined ? undefined : change(system),
    before: before?.map((turn) => ({ ...turn, content: change(turn.content) })),
    user: change(user),
    prefill: prefill === undefined ? undefined : change(prefill),
  };
}

/** The text for a model without a chat template: one turn is its text, more are laid out. */
export function withoutTemplate({ system, before = [], user, prefill }: PromptText): string {
  const begin = prefill === undefined ? '' : before.length > 0 ? `assistant: ${prefill}` : prefill;
  const turns =
    before.length > 0 ? [...before.map((turn) => `${turn.role}: ${turn.content}`), `user: ${user}`] : [user];
  return [...(system ? [system] : []), ...turns, ...(begin === '' ? [] : [begin])].join('\n\n');
}

/** A prompt with the beginning of its response. A thought that the template has opened is not opened again. */
export function withPrefill(prompt: string, prefill: string | undefined): string {
  if (prefill === undefined) return prompt;
  const open = /<think>\s*$/.exec(prompt);
  return open && /^\s*<think>/.test(prefill) ? prompt.slice(0, open.index) + prefill.trimStart() : prompt + prefill;
}
