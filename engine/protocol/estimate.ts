/** Numbers with their uncertainty. */
import * as z from 'zod';

/** A mean or a proportion with its 95% interval. */
export const Estimate = z.strictObject({ mean: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.infer<typeof Estimate>;
