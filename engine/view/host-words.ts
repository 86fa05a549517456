/** How a host says to its user what the engine says. */
import type { ErrorData } from '../protocol/errors.ts';
import type { Head } from '../runs/head.ts';

/** Texts of the engine as the host's user knows them: the editor has settings where the command line has options. */
export interface HostWords {
  /** Scheme of links to places of runs. */
  scheme: string;
  error(error: ErrorData): ErrorData;
  head(head: Head): Head;
}

/** The words of the command line, which are the engine's own. */
export const ENGINE_WORDS: HostWords = { scheme: 'vscode', error: (error) => error, head: (head) => head };
