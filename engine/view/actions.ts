/** What a page outside the editor can make its host do: nothing. It does not offer these either. */
import { RollscopeError } from '../protocol/errors.ts';
import type { ConversationActions } from './conversation.ts';

async function refuse(): Promise<never> {
  throw new RollscopeError('usage', 'This view is read-only.', 'Open the run in VS Code for that.', {
    details: { reason: 'read-only' },
  });
}

export const READ_ONLY: Omit<ConversationActions, 'again' | 'report'> = {
  control: refuse,
  perform: refuse,
  openRollout: refuse,
  compareRollouts: refuse,
  calibrate: refuse,
  rescore: refuse,
  writeNote: refuse,
  saveFile: refuse,
  revealProblem: refuse,
};
