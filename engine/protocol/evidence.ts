/**
 * What some rewards need beyond a problem's own rollouts, by the reward's name. It is gathered while the model is
 * loaded and stored with the group, so that the reward can be explained and recomputed without the model. Its shape is
 * in the reward's file, which checks it (`engine/reward/evidence.ts`).
 */
import * as z from 'zod';

export const Evidence = z.record(z.string(), z.unknown());
export type Evidence = z.infer<typeof Evidence>;
