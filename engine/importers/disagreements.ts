/** Counts where the trainer's own grader and Rollscope's judge a rollout differently. */
import type { GroupDetail } from '../protocol/group.ts';
import { disagrees } from '../protocol/trainer-verdict.ts';

export class Disagreements {
  private disagreements = 0;
  private compared = 0;

  /** @param counts of groups that were judged elsewhere */
  addCounts({ disagreements, compared }: { disagreements: number; compared: number }): void {
    this.disagreements += disagreements;
    this.compared += compared;
  }

  add({ rollouts }: Pick<GroupDetail, 'rollouts'>): void {
    for (const rollout of rollouts) {
      const found = disagrees(rollout);
      if (found === null) continue;
      this.compared++;
      if (found) this.disagreements++;
    }
  }

  get counts(): { disagreements: number; compared: number } {
    return { disagreements: this.disagreements, compared: this.compared };
  }
}
