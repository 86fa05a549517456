/**
 * Default temperature of the optimum pi* for which rollouts are reweighted, in standard deviations of the reward within
 * the group, which is the scale of GRPO's advantages. At 0.5 a binary reward multiplies the odds of the rewarded
 * answers by about 50, roughly the effect of a run of 50 to 100 steps, and a single best rollout among many is not yet
 * decisive.
 */
export const OPTIMUM_BETA = 0.5;
