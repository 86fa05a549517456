/**
 * The training loop. From a given place it always continues in the same way, so a checkpoint needs only the place and
 * the weights. The parts of a step are in `stages.ts` (vote, reward, advantages), `collect.ts`, `update.ts` and
 * `evaluate.ts`.
 */
import { checkpointPath, inRun } from '../journal/layout.ts';
import { collect } from './collect.ts';
import type { RunContext } from './context.ts';
import { evaluateWhereDue } from './evaluate.ts';
import type { Place } from './place.ts';
import { batchOf, checkpointDue } from './schedule.ts';
import { lap, stepRecord } from './step-record.ts';
import { updatePolicy } from './update.ts';

/**
 * Trains to the end of the configuration. Throws if it is canceled or something fails; `place.save` is possible then.
 */
export async function train(context: RunContext, place: Place): Promise<void> {
  const { config, training, journal, compute, meter, watch, runSignal, outside } = context;
  for (let { step, stage } = place; ; step++, stage = 'evaluate') {
    // No training follows: it is the last step, or the collapse watch ends the run.
    const last = step >= config.steps || watch.ends;

    if (stage === 'evaluate') {
      await evaluateWhereDue(context, step, last);
      await place.reach(step, 'save');
    }
    if (stage !== 'step') {
      if (last || checkpointDue(config, step)) await place.save();
      await place.reach(step, 'step');
    }
    if (last) return;

    const next = step + 1;
    meter.stepBegins(step);
    const begun = await lap(context);
    // B problems, G rollouts each: sampled, voted on, rewarded, with advantages.
    const indices = outside ? outside.batch(next) : batchOf(config.seed, training.length, config.batch, next);
    const batch = indices.map((i) => training[i]!);
    const groups = await collect(context, next, batch);
    const sampled = await lap(context);
    const updates = await updatePolicy(context, next, groups, () => place.leave());
    const record = stepRecord(context, next, groups, updates, [begun, sampled, await lap(context)]);
    journal.append(record);
    for (const warning of [runSignal.step(record, groups.length), watch.step(record)]) {
      if (warning) journal.append(warning);
    }
    meter.stepEnds(next, record.timing);
    if (watch.rollbackTo !== null) await compute.restore(inRun(journal.folder, checkpointPath(watch.rollbackTo)));
    await place.reach(next, 'evaluate');
  }
}
