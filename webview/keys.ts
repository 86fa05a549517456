/** The keys of the panel. */
export type KeyAction =
  | 'next-problem'
  | 'previous-problem'
  | 'next-rollout'
  | 'previous-rollout'
  | 'next-step'
  | 'previous-step'
  | 'set-a'
  | 'beside'
  | 'next-before'
  | 'previous-before'
  | 'filter'
  | 'next-surprise'
  | 'previous-surprise'
  | 'fork'
  | 'find-all'
  | 'note'
  | 'copy-link'
  | 'find'
  | 'open'
  | 'help';

export const KEYS: readonly { keys: readonly string[]; action: KeyAction; text: string }[] = [
  { keys: ['n'], action: 'next-problem', text: 'next problem' },
  { keys: ['p'], action: 'previous-problem', text: 'previous problem' },
  { keys: ['j'], action: 'next-rollout', text: 'next rollout' },
  { keys: ['k'], action: 'previous-rollout', text: 'previous rollout' },
  { keys: [']'], action: 'next-step', text: 'next step' },
  { keys: ['['], action: 'previous-step', text: 'previous step' },
  {
    keys: ['a'],
    action: 'set-a',
    text: 'compare with this step (cursor A); again: compare with the state before training',
  },
  { keys: ['b'], action: 'beside', text: 'show or hide a rollout of A next to that of B' },
  { keys: ['J'], action: 'next-before', text: 'next rollout of A' },
  { keys: ['K'], action: 'previous-before', text: 'previous rollout of A' },
  { keys: ['/'], action: 'filter', text: 'filter the problems' },
  { keys: ['s'], action: 'next-surprise', text: 'next most surprising token of the rollout' },
  { keys: ['S'], action: 'previous-surprise', text: 'previous one' },
  { keys: ['f'], action: 'fork', text: 'fork point: where the rollout diverges from one with another answer' },
  { keys: ['F'], action: 'find', text: 'find in the rollout' },
  { keys: ['g'], action: 'find-all', text: 'find in all rollouts of the run' },
  { keys: ['m'], action: 'note', text: 'add a note to the selection, or pin it' },
  { keys: ['y'], action: 'copy-link', text: 'copy a link to the selection' },
  { keys: ['Enter'], action: 'open', text: 'open the rollout in an editor' },
  { keys: ['?'], action: 'help', text: 'show the keys' },
];
