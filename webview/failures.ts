/** The panel's failed requests: each is shown where it was made, and can be retried. */
import { type ErrorData, toErrorData } from '../engine/protocol/errors.ts';
import type { NotShown, PanelContract } from '../engine/runs/panel-contract.ts';

/** All requests but those in which the page only reports about itself. */
export type PanelRequest = Exclude<keyof PanelContract['requests'], 'watch'>;

export interface Failure extends Pick<ErrorData, 'code' | 'message' | 'hint'> {
  /** Retries the request; null if that cannot help. */
  again: (() => void) | null;
}

const NOT_SHOWN: NotShown = 'run-not-shown';

/**
 * What is shown for an error.
 * @param again repeats the request; not offered if the panel has moved to another run
 */
export function failureOf(error: unknown, again: () => void): Failure {
  const { code, message, hint, details } = toErrorData(error);
  return { code, message, ...(hint !== undefined && { hint }), again: details?.reason === NOT_SHOWN ? null : again };
}

/**
 * A failed reading is of no interest once another run is shown; a failed action is reported in any case. A new request
 * does not compile until this is decided here.
 */
const KINDS: Readonly<Record<PanelRequest, 'reading' | 'action'>> = {
  attach: 'action',
  readGroup: 'reading',
  readPrompt: 'reading',
  readNotes: 'reading',
  writeNote: 'action',
  listRuns: 'reading',
  compareWithRun: 'reading',
  find: 'reading',
  rescore: 'reading',
  calibrate: 'reading',
  openRollout: 'action',
  compareRollouts: 'action',
  saveFile: 'action',
  revealProblem: 'action',
  control: 'action',
  perform: 'action',
  answerStart: 'action',
  openSetting: 'action',
};

/** Reports a failure, with what repeats the request. */
export type Fail = (error: unknown, again: () => void) => void;

/** The latest failure of each request. */
export class Failures {
  private readonly failures = new Map<PanelRequest, Failure>();

  constructor(
    private readonly changed: () => void,
    /** Folder of the run that is shown. */
    private readonly run: () => string,
  ) {}

  /**
   * A request is made: forgets its last failure, and returns how to report the next one. That of a reading is of no
   * interest once another run is shown.
   */
  begin(request: PanelRequest): Fail {
    this.clear(request);
    const asked = KINDS[request] === 'reading' ? this.run() : null;
    return (error, again) => {
      if (asked === null || this.run() === asked) this.set(request, failureOf(error, again));
    };
  }

  of(request: PanelRequest): Failure | null {
    return this.failures.get(request) ?? null;
  }

  set(request: PanelRequest, failure: Failure): void {
    this.failures.set(request, failure);
    this.changed();
  }

  /** Forgets the failures of these requests, or of all. */
  clear(...requests: PanelRequest[]): void {
    if (requests.length === 0) this.failures.clear();
    for (const request of requests) this.failures.delete(request);
    this.changed();
  }
}
