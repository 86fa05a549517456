/** TensorBoard event files without rollouts, as a run that has only curves. */
import type { Dump, Importer } from '../importer.ts';
import { EventFiles, eventFilesIn } from '../tensorboard/event-files.ts';

export const tensorboard: Importer = {
  name: 'tensorboard',
  title: 'TensorBoard event files, as curves without rollouts',
  checked: 'tensorboard 2.21.0, torch 2.15.0',
  curvesOnly: true,
  detect: async (root) => (await eventFilesIn(root)).length > 0,
  async open(root): Promise<Dump> {
    const events = new EventFiles(root);
    return {
      origin: { engine: 'TensorBoard', version: null, files: [root] },
      run: { model: null, dataset: null, reward: null, steps: null, settings: {} },
      created: null,
      scan: async () => ({ parts: [], waiting: 0 }),
      metrics: (context) => events.read(context),
    };
  },
};
