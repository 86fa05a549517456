/**
 * What some rewards ask for beyond a problem's own rollouts, gathered while the model was loaded and stored with the
 * group, so that the reward can be explained, and computed again, without the model. By the reward's name; its shape is
 * in the reward's file, which checks it (`engine/reward/evidence.ts`).
 */
import * as z from 'zod';

export const Evidence = z.record(z.string(), z.unknown());
export type Evidence = z.infer<typeof Evidence>;
