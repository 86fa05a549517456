/**
 * The names of the rewards that say right or wrong. The build (`scripts/build.mjs`) evaluates this file and inlines its
 * values: with the rewards themselves, all that reads runs would load the grading of answers.
 */
import { rewards } from './registry.ts';

export const CORRECTNESS_REWARDS: readonly string[] = rewards.flatMap(({ name, scale }) =>
  scale === 'correctness' ? name : [],
);
