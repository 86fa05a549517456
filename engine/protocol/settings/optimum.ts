/**
 * Default temperature of the optimum pi* that rollouts are reweighted for, in standard deviations of the reward within the
 * group: what GRPO's advantages are made of. At 0.5 a binary reward multiplies the odds of the rewarded answers by about
 * 50, the order of what a run of 50 to 100 steps does, and a single best rollout among many does not yet decide.
 */
export const OPTIMUM_BETA = 0.5;
