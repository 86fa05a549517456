/** How many runs can be told apart in one view, and what they are called there. Without imports: the page has it too. */
export const MOST_RUNS = 6;
export const RUN_LETTERS = 'ABCDEF';
