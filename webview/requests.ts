/** The page's requests to the host: a failed one is shown where it was made, and can be retried. */
import type { ParamsOf } from '../engine/messages/contract.ts';
import type { Peer } from '../engine/messages/peer.ts';
import { RollscopeError } from '../engine/protocol/errors.ts';
import type { GroupId } from '../engine/protocol/group.ts';
import type { EditorAction, PanelContract, RunAction } from '../engine/runs/panel-contract.ts';
import type { SavedFile } from '../engine/runs/saved-file.ts';
import type { StartAnswer } from '../engine/runs/start-state.ts';
import type { Failures, PanelRequest } from './failures.ts';

/** A rollout of the run that is shown, or of another one. */
export interface PlacedRollout {
  run?: string;
  group: GroupId;
  rollout: number;
}

/** A new request clears the failure of the previous one. A request that the user canceled has not failed. */
export class Requests {
  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    /** Folder of the run that is shown, which requests about it name. */
    private readonly run: () => string,
  ) {}

  /** Asks the editor for an action that is not about the run. */
  perform(action: EditorAction): void {
    this.ask('perform', { action });
  }

  /** Responds to the start that is shown. */
  answerStart(answer: StartAnswer): void {
    this.ask('answerStart', { answer });
  }

  /** Opens a setting that the failed start names. */
  openSetting(setting: string): void {
    this.ask('openSetting', { setting });
  }

  /** Controls the run that is shown. */
  control(action: RunAction): void {
    this.ask('control', { run: this.run(), action });
  }

  /** Offers a file to the user to be written. */
  saveFile(file: SavedFile): void {
    this.ask('saveFile', file);
  }

  revealProblem(problem: number): void {
    this.ask('revealProblem', { run: this.run(), problem });
  }

  /** Opens a rollout, by its index in the group. */
  openRollout(group: GroupId, rollout: number): void {
    this.ask('openRollout', { run: this.run(), group, rollout });
  }

  /** Opens two rollouts side by side in the editor, by their indices: of the same group, two steps, or two runs. */
  compareRollouts(left: PlacedRollout, right: PlacedRollout): void {
    const [one, other] = [left, right].map(({ run = this.run(), group, rollout }) => ({ run, group, rollout }));
    this.ask('compareRollouts', { ...one!, other: other! });
  }

  private ask<R extends PanelRequest>(name: R, params: ParamsOf<PanelContract, R>): void {
    const fail = this.failures.begin(name);
    this.peer.request(name, params).catch((error: unknown) => {
      // Somebody closed a question of the editor.
      if (error instanceof RollscopeError && error.code === 'canceled') return;
      fail(error, () => this.ask(name, params));
    });
  }
}
