/** A prompt in parts, as a dataset gives it. */
import type { Turn } from '../protocol/problem.ts';

/** A prompt before the chat template. */
export interface PromptParts {
  system?: string | undefined;
  /** Turns before the user's last one. */
  before?: Turn[] | undefined;
  /** The user's last turn, template filled in. */
  user: string;
  /** What the response continues. */
  prefill?: string | undefined;
}
