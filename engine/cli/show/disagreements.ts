/** Rollouts that another trainer's grader and Rollscope judge differently: a known source of silent bugs. */
import { readGroup } from '../../journal/groups.ts';
import { DASH, integer, plural } from '../../protocol/format.ts';
import type { Phase, Problem } from '../../protocol/index.ts';
import { oneLine } from '../../protocol/texts.ts';
import { disagrees, REWARD, trainerVerdict } from '../../protocol/trainer-verdict.ts';
import { addCounts, graderCounts, NO_GRADERS, REWARD_IS_VOTE, twoGraders } from '../../protocol/two-graders.ts';
import type { RunColumns } from '../../runs/columns.ts';
import type { Output } from '../output.ts';
import { table } from '../table.ts';

/** Maximum number of table rows; `--json` contains all. */
const MAX_ROWS = 40;

interface Disagreement {
  problem: string;
  phase: Phase;
  step: number;
  /** Counted from 1. */
  rollout: number;
  answer: string | null;
  reference: string | null;
  /** The trainer's verdict, and the name under which it was recorded. */
  trainer: { name: string; right: boolean };
  rollscope: boolean;
}

interface Shown {
  folder: string;
  problems: readonly Problem[];
  columns: RunColumns;
  step: number | undefined;
}

/** @throws RollscopeError `run-broken` if rollouts are missing */
export async function showDisagreements(output: Output, { folder, problems, columns, step }: Shown): Promise<void> {
  const all: Disagreement[] = [];
  let counts = NO_GRADERS;
  for (const row of columns.countedRows) {
    const id = columns.idOf(row);
    if (step !== undefined && id.step !== step) continue;
    const frame = columns.frameOf(row);
    if (!frame) continue;
    const group = await readGroup(folder, { ...id, frame });
    counts = addCounts(counts, graderCounts(group));
    for (const [i, rollout] of group.rollouts.entries()) {
      if (disagrees(rollout) !== true) continue;
      const { id: problem, answer: reference } = problems[id.problem]!;
      const trainer = trainerVerdict(rollout)!;
      all.push({
        problem,
        phase: id.phase,
        step: id.step,
        rollout: i + 1,
        answer: rollout.answer,
        reference,
        trainer,
        rollscope: rollout.correct!,
      });
    }
  }
  const { compared, rewardIsVote } = twoGraders(counts);
  const found = rewardIsVote ? all.filter(({ trainer }) => trainer.name !== REWARD) : all;
  output.result({ compared, rewardIsVote, disagreements: found });
  if (output.json) return;
  if (rewardIsVote) output.print(`${REWARD_IS_VOTE}.`);
  if (compared === 0) {
    output.print(
      'Nothing to compare: no rollout has both a verdict of the trainer and a reference that Rollscope can compare with.',
    );
    return;
  }
  output.print(
    `${integer(found.length)} of ${plural(compared, 'rollout')} are graded differently by the trainer and by Rollscope.`,
  );
  if (found.length > 0) output.print(`\n${tableOf(found.slice(0, MAX_ROWS))}`);
  if (found.length > MAX_ROWS) output.print(`\n${integer(found.length - MAX_ROWS)} more (--json has all).`);
}

function tableOf(rows: readonly Disagreement[]): string {
  return table(
    ['problem', 'phase', 'step', 'rollout', 'answer', 'reference', 'trainer', 'Rollscope'],
    rows.map(({ problem, phase, step, rollout, answer, reference, trainer, rollscope }) => [
      oneLine(problem, 24),
      phase,
      integer(step),
      integer(rollout),
      oneLine(answer ?? DASH, 28),
      oneLine(reference ?? DASH, 28),
      `${verdictWord(trainer.right)} (${trainer.name})`,
      verdictWord(rollscope),
    ]),
    [2, 3],
  );
}

function verdictWord(right: boolean): string {
  return right ? 'correct' : 'wrong';
}
