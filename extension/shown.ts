/**
 * What the editor shows, by kind of surface. Names, answers, problems and errors may hold anything that a dataset, a
 * model or a run contains: characters that hide or reorder are escaped everywhere, and each kind of surface understands
 * something more that such a text must not use. Markdown has `code` and `markdown` in `engine/protocol/markdown.ts`.
 * Pure.
 */
import { visible, visibleLine } from '../engine/protocol/visible.ts';

/** Tree items, tooltips, inline results, titles of tabs: they show text as it is. */
export function plain(text: string): string {
  return visibleLine(text);
}

/** CodeLens, status bar and quick picks: `$(name)` would be an icon. */
export function withoutIcons(text: string): string {
  return visibleLine(text).replaceAll('$(', '\\$(');
}

/** Notifications and dialogs: `[text](command:...)` would be a link that runs a command. */
export function notice(text: string): string {
  return visible(text).replaceAll('](', '] (');
}
