/** Starting and steering runs, and choosing what they train. */
import type { EditorCommand } from './places.ts';

export const TRAINING = {
  train: {
    title: 'Train on Dataset',
    icon: 'play',
    palette: 'always',
    menus: [
      ['editor/title/run', 'problemSet', 'navigation@1'],
      ['explorer/context', 'problemFile', 'rollscope@1'],
      ['view/title', 'runsView', 'navigation@1'],
      ['view/item/context', 'datasetItem', 'inline@1'],
      ['view/item/context', 'datasetItem', 'run@1'],
    ],
  },
  probe: {
    title: 'Probe Dataset',
    icon: 'beaker',
    palette: 'always',
    menus: [
      ['editor/title/run', 'problemSet', 'navigation@2'],
      ['explorer/context', 'problemFile', 'rollscope@2'],
      ['view/item/context', 'datasetItem', 'inline@2'],
      ['view/item/context', 'datasetItem', 'run@2'],
    ],
  },
  trainProblem: {
    title: 'Train on This Problem',
    icon: 'play',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@2']],
  },
  probeProblem: {
    title: 'Probe This Problem',
    icon: 'beaker',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@1']],
  },
  probeOnCheckpoint: {
    title: 'Probe This Problem on a Checkpoint…',
    icon: 'beaker',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@3']],
  },
  startConfiguration: {
    title: 'Start Run from Configuration…',
    icon: 'play',
    palette: 'always',
  },
  openExample: {
    title: 'Open Example',
    icon: 'mortar-board',
    palette: 'always',
  },
  pause: {
    title: 'Pause Run',
    icon: 'debug-pause',
    palette: 'runInProgress',
    menus: [
      ['view/item/context', 'runningRun', 'inline@1'],
      ['view/item/context', 'runningRun', 'open@2'],
    ],
    withoutRun: 'No active run.',
  },
  resume: {
    title: 'Resume Run',
    icon: 'debug-continue',
    palette: 'always',
    menus: [
      ['view/item/context', 'resumableRun', 'inline@1'],
      ['view/item/context', 'resumableRun', 'open@2'],
    ],
  },
  stop: {
    title: 'Stop Run',
    icon: 'debug-stop',
    palette: 'runAlive',
    menus: [
      ['view/item/context', 'liveRun', 'inline@2'],
      ['view/item/context', 'liveRun', 'open@3'],
    ],
    withoutRun: 'No active run.',
  },
  attach: {
    title: 'Attach to Run',
    icon: 'plug',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@1']],
  },
  forkRun: {
    title: 'Fork Run…',
    icon: 'repo-forked',
    palette: 'always',
    menus: [['view/item/context', 'forkableRun', 'open@7']],
  },
  chooseModel: {
    title: 'Choose Model',
    icon: 'add',
    palette: 'always',
    menus: [['view/title', 'modelsView', 'navigation@1']],
  },
  chooseReward: {
    title: 'Choose Reward',
    icon: 'star',
    palette: 'always',
  },
  openDataset: {
    title: 'Open Dataset',
    icon: 'go-to-file',
    palette: 'never',
    menus: [['view/item/context', 'datasetItem', 'open@1']],
  },
  useModel: {
    title: 'Use This Model',
    icon: 'check',
    palette: 'never',
    menus: [
      ['view/item/context', 'modelItem', 'inline@1'],
      ['view/item/context', 'modelItem', 'use@1'],
    ],
  },
  removeModel: {
    title: 'Remove from List',
    icon: 'close',
    palette: 'never',
    menus: [['view/item/context', 'recentModel', 'use@2']],
  },
} as const satisfies Record<string, EditorCommand>;
