/** How many runs one view can distinguish, and their letters. Without imports, since the page uses it too. */
export const MAX_RUNS = 6;
export const RUN_LETTERS = 'ABCDEF';
