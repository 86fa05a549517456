/** The problems of a dataset, looked up by the prompts that contain them. */
import type { Problem } from '../protocol/problem.ts';
import type { LoggedProblem } from './importer.ts';
import { userText } from './prompt-text.ts';

/** Characters by which a problem is searched for within a longer prompt. */
const ANCHOR = 24;

/** The problems of one dataset, looked up by a prompt that is one of them or contains one. */
export class KnownProblems {
  private readonly byId = new Map<string, Problem>();
  private readonly byText = new Map<string, Problem>();
  /** Problems by the beginning of their texts. */
  private readonly byAnchor = new Map<string, { text: string; problem: Problem }[]>();

  /** @param asked the problems after the template, since trainers log that */
  constructor(problems: readonly Problem[], asked: readonly string[]) {
    for (const [i, problem] of problems.entries()) {
      this.byId.set(problem.id, problem);
      for (const text of [problem.text, asked[i]!]) this.put(normalizedText(text), problem);
    }
  }

  /**
   * The problem whose text or filled-in template equals the prompt, or the longest one contained in it; otherwise by
   * the log's own id. null for none.
   */
  find({ prompt, text, id }: Pick<LoggedProblem, 'prompt' | 'text' | 'id'>): Problem | null {
    for (const candidate of [text, userText(prompt), prompt]) {
      const found = candidate === undefined ? undefined : this.byText.get(normalizedText(candidate));
      if (found) return found;
    }
    return this.within(normalizedText(prompt)) ?? (id === undefined ? null : (this.byId.get(id) ?? null));
  }

  private put(text: string, problem: Problem): void {
    if (text === '' || this.byText.has(text)) return;
    this.byText.set(text, problem);
    if (text.length < ANCHOR) return;
    const anchor = text.slice(0, ANCHOR);
    const same = this.byAnchor.get(anchor);
    if (same) same.push({ text, problem });
    else this.byAnchor.set(anchor, [{ text, problem }]);
  }

  private within(prompt: string): Problem | null {
    let best: { text: string; problem: Problem } | null = null;
    for (let at = 0; at + ANCHOR <= prompt.length; at++) {
      for (const candidate of this.byAnchor.get(prompt.slice(at, at + ANCHOR)) ?? []) {
        if (candidate.text.length > (best?.text.length ?? 0) && prompt.startsWith(candidate.text, at)) best = candidate;
      }
    }
    return best?.problem ?? null;
  }
}

/** Templates trim and wrap lines in different ways. */
function normalizedText(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
