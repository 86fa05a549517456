/** The actions that a host outside the editor offers to its page: only computations that change nothing. */
import { assetPath } from '../assets.ts';
import { EMBEDDED } from '../protocol/embedded.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Program } from './command-line.ts';
import { calibrateRun, rescoreRun } from './computed.ts';
import type { ConversationActions } from './conversation.ts';
import { dataColumns } from './data-columns.ts';

async function refuse(): Promise<never> {
  throw new RollscopeError('usage', 'This view is read-only.', 'Open the run in VS Code for that.', {
    details: { reason: 'read-only' },
  });
}

const READ_ONLY: Omit<ConversationActions, 'again' | 'report' | 'calibrate' | 'rescore' | 'listRuns' | 'takeRun'> = {
  control: refuse,
  perform: refuse,
  openRollout: refuse,
  compareRollouts: refuse,
  writeNote: refuse,
  saveFile: refuse,
  revealProblem: refuse,
};

const EMBEDDED_FILE = assetPath('engine', 'embedded', 'problems.jsonl');
/** Processes that compute at a time, for all pages together. */
const MAX_PROCESSES = 2;

/** The actions of a read-only page. What is computed runs in processes, few at a time, since any number of pages may ask. */
export function readOnlyActions(
  program: Program,
): Omit<ConversationActions, 'again' | 'report' | 'listRuns' | 'takeRun'> {
  const inTurn = limitConcurrency(MAX_PROCESSES);
  return {
    ...READ_ONLY,
    dataColumns: ({ problems }) => dataColumns(problems, (source) => (source === EMBEDDED ? EMBEDDED_FILE : source)),
    calibrate: (run, phase, step, signal) => inTurn(() => calibrateRun(program, run, phase, step, signal)),
    rescore: (run, scope, signal) => inTurn(() => rescoreRun(program, run, scope, signal)),
  };
}

/** Does at most `most` pieces of work at a time, in the order in which they were requested. */
function limitConcurrency(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let working = 0;
  return async (work) => {
    if (working >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    working++;
    try {
      return await work();
    } finally {
      working--;
      waiting.shift()?.();
    }
  };
}
