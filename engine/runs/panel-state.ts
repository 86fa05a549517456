/**
 * The layout of the panel's page and the order of its problems, as they are stored. Without schemas, since the page
 * uses the values too.
 */

export const PANES = ['charts', 'problems', 'problem', 'rollout'] as const;
export type PaneName = (typeof PANES)[number];

/** What the shades of a rollout's tokens can show. */
export const TOKEN_SHADINGS = ['surprise', 'group', 'probability', 'entropy', 'margin', 'advantage', 'change'] as const;
export type TokenShading = (typeof TOKEN_SHADINGS)[number];

/** The sizes of the panes. */
export interface PanelLayout {
  /** Height of the charts, in CSS pixels; null until the user moves their edge. */
  charts: number | null;
  /** Widths of the panes with the problems and with the rollout, as parts of the whole. */
  problems: number;
  rollout: number;
  /** The pane that a narrow panel shows. */
  tab: PaneName;
}

export const PROBLEM_SORTS = ['flipped', 'share', 'gain', 'forecast', 'id', 'file'] as const;
export const PROBLEM_GROUPINGS = ['quadrant', 'prefix', 'none'] as const;
/** One of them, or a column of the dataset. */
export type ProblemGrouping = (typeof PROBLEM_GROUPINGS)[number] | `column:${string}`;
/** The order of the list of problems. */
export interface ProblemOrder {
  sort: (typeof PROBLEM_SORTS)[number];
  grouping: ProblemGrouping;
}
