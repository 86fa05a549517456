/**
 * The training loop. From a given position it always continues in the same way, so a checkpoint needs only the position and
 * the weights. The parts of a step are in `stages.ts` (vote, reward, advantages), `collect.ts`, `update.ts` and
 * `evaluate.ts`.
 */
import { checkpointPath, inRun } from '../journal/layout.ts';
import { collect } from './collect.ts';
import type { RunContext } from './context.ts';
import { evaluateIfDue } from './evaluate.ts';
import type { LoopPosition } from './loop-position.ts';
import { batchOf, checkpointDue } from './schedule.ts';
import { readClocks, stepRecord } from './step-record.ts';
import { updatePolicy } from './update.ts';

/**
 * Trains to the end of the configuration. Throws if it is canceled or something fails; `position.save` is possible then.
 */
export async function train(context: RunContext, position: LoopPosition): Promise<void> {
  const { config, training, journal, compute, meter, watch, runSignal, outside } = context;
  for (let { step, stage } = position; ; step++, stage = 'evaluate') {
    // No training follows: it is the last step, or the collapse watch ends the run.
    const last = step >= config.steps || watch.shouldEnd;

    if (stage === 'evaluate') {
      await evaluateIfDue(context, step, last);
      await position.advanceTo(step, 'save');
    }
    if (stage !== 'step') {
      if (last || checkpointDue(config, step)) await position.save();
      await position.advanceTo(step, 'step');
    }
    if (last) return;

    const next = step + 1;
    meter.beginStep(step);
    const begun = await readClocks(context);
    // B problems, G rollouts each: sampled, voted on, rewarded, with advantages.
    const indices = outside ? outside.batch(next) : batchOf(config.seed, training.length, config.batch, next);
    const batch = indices.map((i) => training[i]!);
    const groups = await collect(context, next, batch);
    const sampled = await readClocks(context);
    const updates = await updatePolicy(context, next, groups, () => position.invalidate());
    const record = stepRecord(context, next, groups, updates, [begun, sampled, await readClocks(context)]);
    journal.append(record);
    for (const warning of [runSignal.step(record, groups.length), watch.step(record)]) {
      if (warning) journal.append(warning);
    }
    meter.endStep(next, record.timing);
    if (watch.rollbackTo !== null) await compute.restore(inRun(journal.folder, checkpointPath(watch.rollbackTo)));
    await position.advanceTo(next, 'evaluate');
  }
}
