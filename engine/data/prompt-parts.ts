/** The parts of a prompt that a dataset provides. */
import type { Turn } from '../protocol/problem.ts';

/** A prompt before the chat template is applied. */
export interface PromptParts {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: Turn[] | undefined;
  /** The user's last turn, template filled in. */
  user: string;
  /** The beginning of the assistant's turn, which the response continues. */
  prefill?: string | undefined;
}
