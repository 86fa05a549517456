/** A majority share above this counts as confident. */
export const CONFIDENT = 0.8;

/** Problems with a reference answer, by confidence (majority share) and correctness of the majority answer. */
export const QUADRANTS = ['confident-correct', 'confident-wrong', 'uncertain-correct', 'uncertain-wrong'] as const;
export type Quadrant = (typeof QUADRANTS)[number];

/** The titles of the quadrants, in the order of `QUADRANTS`. */
export const QUADRANT_TITLES: Readonly<Record<Quadrant, string>> = {
  'confident-correct': 'confident & correct',
  'confident-wrong': 'confident & wrong',
  'uncertain-correct': 'uncertain & correct',
  'uncertain-wrong': 'uncertain & wrong',
};
