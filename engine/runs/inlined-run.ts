/** A run inside a page that has no host: what `rollscope report --html` writes and `webview/browser` reads. Types only. */
import type { GroupPage, Shown } from './panel-contract.ts';

/** Id of the element whose text is the run: `engine/messages/bytes.ts`, gzip, base64. */
export const INLINED_ID = 'rollscope-run';

export interface InlinedRun {
  shown: Shown;
  /** The rollouts that the file contains. */
  groups: GroupPage[];
  /** Prompts as the model got them, by the index of the problem; those that were recorded. */
  prompts: [problem: number, text: string][];
}
