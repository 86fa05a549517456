/** Experiments, the engine, and the extension itself. */
import type { EditorCommand } from './places.ts';

export const WINDOW = {
  runExperiment: {
    title: 'Run Experiment',
    icon: 'beaker',
    palette: 'always',
    menus: [['view/title', 'runsView', 'experiment@1']],
  },
  openReport: {
    title: 'Open Experiment Report',
    icon: 'book',
    palette: 'always',
    menus: [['view/title', 'runsView', 'experiment@2']],
  },
  openReportInBrowser: {
    title: 'Open Experiment Report in Browser',
    icon: 'link-external',
    palette: 'report',
    menus: [['editor/title', 'report', 'navigation@1']],
  },
  showLog: {
    title: 'Show Log',
    icon: 'output',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@4']],
  },
  restartEngine: {
    title: 'Restart Engine',
    icon: 'debug-restart',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@3']],
  },
  getStarted: {
    title: 'Get Started',
    icon: 'rocket',
    palette: 'always',
  },
  refresh: {
    title: 'Refresh Views',
    icon: 'refresh',
    palette: 'active',
    menus: [
      ['view/title', 'runsView', 'navigation@3'],
      ['view/title', 'datasetsView', 'navigation@1'],
    ],
  },
} as const satisfies Record<string, EditorCommand>;
