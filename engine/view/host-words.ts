/** How a host words the engine's texts for its user. */
import type { ErrorData } from '../protocol/errors.ts';
import type { Head } from '../runs/head.ts';

/** The engine's texts in the terms of the host: the editor has settings where the command line has options. */
export interface HostWords {
  /** Scheme of links to places of runs. */
  scheme: string;
  error(error: ErrorData): ErrorData;
  head(head: Head): Head;
}

/** The words of the command line, which are the engine's own. */
export const ENGINE_WORDS: HostWords = { scheme: 'vscode', error: (error) => error, head: (head) => head };
