/** Problems and rollouts, in the panel and as documents. */
import type { EditorCommand } from './places.ts';

export const ROLLOUTS = {
  shadeBySurprise: {
    title: 'Shade Tokens by Surprise',
    icon: 'flame',
    palette: 'rolloutNotBySurprise',
    menus: [['editor/title', 'rolloutNotBySurprise', 'navigation@3']],
  },
  shadeByProbability: {
    title: 'Shade Tokens by Probability',
    icon: 'symbol-numeric',
    palette: 'rolloutByEntropy',
    menus: [['editor/title', 'rolloutByEntropy', 'navigation@3']],
  },
  shadeByEntropy: {
    title: 'Shade Tokens by Entropy',
    icon: 'symbol-ruler',
    palette: 'rolloutByProbability',
    menus: [['editor/title', 'rolloutByProbability', 'navigation@3']],
  },
  previousRollout: {
    title: 'Previous Rollout',
    icon: 'arrow-up',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@1']],
  },
  nextRollout: {
    title: 'Next Rollout',
    icon: 'arrow-down',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  previousStepOfRollout: {
    title: 'Rollout at Previous Step',
    icon: 'chevron-left',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  nextStepOfRollout: {
    title: 'Rollout at Next Step',
    icon: 'chevron-right',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  compareRollouts: {
    title: 'Compare Rollouts…',
    icon: 'diff',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@4']],
  },
  copyRolloutLink: {
    title: 'Copy Link',
    icon: 'link',
    palette: 'rollout',
    menus: [['editor/context', 'rollout', 'rollscope@1']],
  },
  openProblem: {
    title: 'Show Problem in Panel',
    icon: 'graph-line',
    palette: 'never',
    menus: [['editor/title', 'rollout', 'navigation@4']],
  },
  pickProblem: {
    title: 'Go to Problem in Run…',
    icon: 'search',
    palette: 'always',
  },
  revealProblem: {
    title: 'Go to Problem',
    icon: 'go-to-file',
    palette: 'never',
  },
  openRollout: {
    title: 'Open Rollout',
    icon: 'symbol-string',
    palette: 'never',
  },
} as const satisfies Record<string, EditorCommand>;
