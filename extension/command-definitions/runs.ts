/** Runs: opening, comparing, importing, examining, repairing and deleting them. */
import type { EditorCommand } from './places.ts';

export const RUNS = {
  openPanel: {
    title: 'Open Panel',
    icon: 'graph-line',
    palette: 'always',
    menus: [['view/title', 'runsView', 'navigation@2']],
  },
  showMoreRuns: {
    title: 'Show More Runs',
    icon: 'ellipsis',
    palette: 'never',
  },
  openRun: {
    title: 'Open Run',
    icon: 'folder-opened',
    palette: 'always',
    menus: [
      ['view/title', 'runsView', 'engine@2'],
      ['view/item/context', 'anyRun', 'open@1'],
    ],
  },
  compareRuns: {
    title: 'Compare Runs',
    icon: 'git-compare',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@7']],
  },
  changedProblems: {
    title: 'Show Changed Problems',
    icon: 'diff-multiple',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@8']],
  },
  importRun: {
    title: 'Import Run…',
    icon: 'cloud-download',
    palette: 'always',
    menus: [
      ['explorer/context', 'dump', 'rollscope@3'],
      ['view/title', 'runsView', 'import@1'],
    ],
  },
  followFolder: {
    title: 'Follow Training Folder…',
    icon: 'eye',
    palette: 'always',
    menus: [
      ['explorer/context', 'dumpFolder', 'rollscope@4'],
      ['view/title', 'runsView', 'import@2'],
    ],
  },
  stopFollowing: {
    title: 'Stop Following Training Folder…',
    icon: 'eye-closed',
    palette: 'following',
    menus: [],
  },
  analyzeRun: {
    title: 'Analyze Run',
    icon: 'graph',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@4']],
    former: ['analyseRun'],
  },
  rescoreRun: {
    title: 'Rescore Run',
    icon: 'law',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@5']],
  },
  computeStatistics: {
    title: 'Compute Token Statistics…',
    icon: 'symbol-numeric',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@6']],
  },
  repairRun: {
    title: 'Repair Run',
    icon: 'tools',
    palette: 'never',
    menus: [
      ['view/item/context', 'unreadableRun', 'inline@1'],
      ['view/item/context', 'unreadableRun', 'open@2'],
    ],
  },
  revealRunFolder: {
    title: 'Reveal Run Folder',
    icon: 'folder-opened',
    palette: 'never',
    menus: [['view/item/context', 'anyRun', 'place@1']],
  },
  deleteRun: {
    title: 'Delete Run…',
    icon: 'trash',
    palette: 'never',
    menus: [['view/item/context', 'endedRun', 'zdelete@1']],
  },
} as const satisfies Record<string, EditorCommand>;
