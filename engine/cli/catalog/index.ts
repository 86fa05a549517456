/** All commands in help order. To add one: its definition, its file in `../commands`, and an entry here. */
import { grade, score, vote } from './answers.ts';
import type { CommandDefinition } from './define.ts';
import { find } from './find.ts';
import { fork } from './fork.ts';
import { importing, repair, statistics } from './importing.ts';
import { doctor, models, serve } from './machine.ts';
import { mcp } from './mcp.ts';
import { note } from './note.ts';
import { analyze, compare, exporting, rescore, runs, show } from './reading.ts';
import { experiment, job, probe, resume, train } from './runs.ts';
import { report, view } from './view.ts';

export const COMMANDS: readonly CommandDefinition[] = [
  ...[
    train,
    job,
    probe,
    experiment,
    resume,
    fork,
    runs,
    show,
    view,
    find,
    note,
    analyze,
    rescore,
    compare,
    report,
    exporting,
    importing,
    statistics,
    repair,
  ],
  ...[grade, vote, score],
  ...[doctor, models, serve, mcp],
];
