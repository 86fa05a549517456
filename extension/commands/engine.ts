/** Attaching to an engine that another program started, and restarting the engine. */
import { activityText } from '../../engine/protocol/activity.ts';
import type { Rollscope } from '../app.ts';
import { choose, tell } from '../tell.ts';

/** Attaches to a run that another window or a terminal started; asks only if there are several. */
export async function attach(app: Rollscope): Promise<void> {
  const working = (await app.engine.find()).filter((engine) => engine.active !== null);
  if (working.length === 0) {
    void tell.information('No active runs. A run started in a terminal can be attached to while it is active.', {});
    return;
  }
  const items = working.map(({ address, active }) => ({
    label: active!.run,
    description: `step ${active!.step} of ${active!.steps}`,
    detail: `${activityText(active!)} · process ${address.pid}`,
    address,
  }));
  const chosen =
    items.length === 1 ? items[0] : await choose(items, { title: 'Attach to Run', placeHolder: 'Select a run' });
  if (!chosen) return;
  const run = await app.session.follow(await app.engine.attach(chosen.address));
  if (!run) {
    void tell.information(`Run ${chosen.label} has just ended.`, {});
    return;
  }
  app.viewer.show(run);
  app.panel.open();
}

/** Stops the engine, with a checkpoint of its run, and starts a new one. */
export async function restartEngine(app: Rollscope): Promise<void> {
  await app.session.stop().catch(() => undefined);
  await app.engine.restart();
}
