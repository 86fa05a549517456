/** What Linux says of a process in /proc/<pid>/stat. */
export interface ProcStat {
  parent: number;
  group: number;
  session: number;
  /** In clock ticks since the machine was started; a reused process id has a different start. */
  start: string;
  /** Ended, but not waited for. */
  ended: boolean;
}

/** null if the text is invalid, for example because the process has just ended. */
export function parseStat(text: string): ProcStat | null {
  // Behind the second field, the name, which may hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  const start = fields[19];
  if (start === undefined) return null;
  return {
    ...{ parent: Number(parent), group: Number(group), session: Number(session), start },
    ended: state === 'Z' || state === 'X',
  };
}
