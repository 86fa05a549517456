/** A majority share above this counts as confident. */
export const CONFIDENT = 0.8;
