/** Generalisation: what a few problems with wrong majorities teach about problems that never train. */
import { wilson } from '../../analysis/estimates.ts';
import type { Estimate } from '../../protocol/index.ts';
import { figure, interval } from '../report/text.ts';
import type { Criterion, Findings, Study, StudyContext, StudyRun } from '../study.ts';
import { above, meanOf, metricCurve, overSeeds, smoothed } from './common.ts';
import {
  type Change,
  chosen,
  configOn,
  drawn,
  evaluatedChanges,
  meanChange,
  type ProbedProblem,
  type ProblemChange,
  poolOf,
  sortOf,
} from './problems.ts';
import { changeWords } from './test-time.ts';

/** Sizes of the sets that train; the paper's is the first. */
const SIZES = [6, 16] as const;
const HELD_OUT = 128;
const POOL = HELD_OUT + 512;
const PROBE_VOTES = 32;
const WINDOW = 5;
/** Problems that the paper saw go from wrong to right. */
const PAPER_TURNED = 2;

const KINDS = { wrong: 'wrong majorities', right: 'right majorities' } as const;
type Kind = keyof typeof KINDS;

export interface GeneralisationRun {
  kind: Kind;
  size: number;
  seed: number;
  /** What it trained on, as the model saw it before. */
  problems: readonly ProbedProblem[];
  run: StudyRun;
}

async function generalisationRuns(
  context: StudyContext,
): Promise<{ runs: GeneralisationRun[]; heldOut: ProbedProblem[] }> {
  const { seeds } = context;
  context.expect(1 + 2 * SIZES.length * seeds.length);
  const pool = await poolOf(context, { size: POOL, heldOut: HELD_OUT, votes: PROBE_VOTES });
  const voted = pool.rest.filter(({ answer }) => answer !== null);
  const sets = (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
    const from = voted.filter(({ right }) => right === (kind === 'right'));
    return SIZES.filter((size) => from.length >= size).map((size) => ({ kind, size, from }));
  });
  context.expect(1 + sets.length * seeds.length);
  const runs = await Promise.all(
    sets.flatMap(({ kind, size, from }) =>
      seeds.map(async (seed) => {
        const problems = drawn(seed, from, size);
        const config = configOn(context, { seed }, chosen(pool.dataset, problems), pool.heldOutDataset);
        return { kind, size, seed, problems, run: await context.run(`${kind}-${size}-${seed}`, config) };
      }),
    ),
  );
  return { runs, heldOut: pool.heldOut };
}

/** Held-out problems that a seed turned from wrong to right, and the other way. */
interface Turned {
  up: number;
  down: number;
  wrongBefore: number;
}

interface Summary {
  kind: Kind;
  size: number;
  runs: readonly GeneralisationRun[];
  /** Label accuracy of all held-out problems, of those with a wrong majority at the probe, and of the others. */
  all: Change | null;
  wrong: Change | null;
  right: Change | null;
  accuracy: Change | null;
  turned: Turned[];
  changes: ProblemChange[][];
}

function summarise(kind: Kind, size: number, runs: readonly GeneralisationRun[], heldOut: readonly ProbedProblem[]) {
  const rightAtProbe = new Map(heldOut.map(({ id, right }) => [id, right]));
  const changes = runs.map(({ run }) => evaluatedChanges(run));
  const of = (right: boolean) =>
    meanChange(
      changes.map((seed) => seed.filter(({ id }) => rightAtProbe.get(id) === right)),
      ({ label }) => label,
    );
  return {
    kind,
    size,
    runs,
    changes,
    all: meanChange(changes, ({ label }) => label),
    wrong: of(false),
    right: of(true),
    accuracy: meanChange(changes, ({ accuracy }) => accuracy),
    turned: changes.map((seed) => ({
      up: seed.filter(({ label }) => !label.before && label.after).length,
      down: seed.filter(({ label }) => label.before && !label.after).length,
      wrongBefore: seed.filter(({ label }) => !label.before).length,
    })),
  } satisfies Summary;
}

export function findings(
  runs: readonly GeneralisationRun[],
  heldOut: readonly ProbedProblem[],
  { sorts = false } = {},
): Findings {
  const summaries: Summary[] = SIZES.flatMap((size) =>
    (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
      const own = runs.filter((run) => run.kind === kind && run.size === size);
      return own.length > 0 ? [summarise(kind, size, own, heldOut)] : [];
    }),
  );
  const name = ({ size, kind }: Summary) => `${size} problems, ${KINDS[kind]}`;
  return {
    criteria: SIZES.flatMap((size) =>
      criteriaOf(
        size,
        summaries.find((s) => s.size === size && s.kind === 'wrong'),
      ),
    ),
    remarks: [
      ...SIZES.flatMap((size) => controlRemark(summaries.filter((s) => s.size === size))),
      ...summaries
        .filter(({ kind }) => kind === 'wrong')
        .map(
          (s) =>
            `${name(s)}: on the problems that trained, label accuracy went from ${figure(labelCourse(s)?.start)} to ${figure(labelCourse(s)?.end)}. ${turnedWords(s)}`,
        ),
      ...(sorts ? summaries.filter(({ kind }) => kind === 'wrong').map(sortRemark) : []),
      ...missingRemark(summaries),
    ],
    sections: [
      {
        kind: 'plots',
        title: 'Held-out problems',
        note: 'Label accuracy (share of problems whose majority is right) before and after, of all held-out problems, and of those with a wrong and with a right majority at the probe. Whiskers: 95% by bootstrap over problems.',
        plots: summaries.map((s) => ({
          kind: 'bars' as const,
          title: name(s),
          y: 'change of label accuracy',
          yRange: [-1, 1] as const,
          bars: [bar('all', s.all), bar('wrong before', s.wrong), bar('right before', s.right)].flat(),
        })),
      },
      {
        kind: 'plots',
        title: 'Problems that train',
        note: `Over ${WINDOW} steps. Bands: 95% over seeds.`,
        plots: summaries.map((s) => ({
          kind: 'lines' as const,
          title: name(s),
          x: 'step',
          y: 'share',
          yRange: [0, 1] as const,
          series: [
            overSeeds(
              'true reward',
              s.runs.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.groundTruthReward),
                  WINDOW,
                ),
              ),
            ),
            overSeeds(
              'majority reward',
              s.runs.map(({ run }) =>
                smoothed(
                  metricCurve(run, (m) => m.proxyReward),
                  WINDOW,
                ),
              ),
              true,
            ),
          ],
        })),
      },
      {
        kind: 'table',
        title: 'Numbers',
        note: 'Of the held-out problems. Changes: 95% by bootstrap over problems, each with its mean over seeds. Turned: mean number of problems in a seed.',
        columns: [
          'trained on',
          'accuracy, before',
          'after',
          'label accuracy, before',
          'after',
          'change',
          'change, wrong at the probe',
          'change, right at the probe',
          'turned right',
          'turned wrong',
        ],
        rows: summaries.map((s) => [
          name(s),
          s.accuracy?.before ?? null,
          s.accuracy?.after ?? null,
          s.all?.before ?? null,
          s.all?.after ?? null,
          s.all?.overProblems ?? null,
          s.wrong?.overProblems ?? null,
          s.right?.overProblems ?? null,
          meanOf(s.turned.map(({ up }) => up)),
          meanOf(s.turned.map(({ down }) => down)),
        ]),
      },
      ...(sorts
        ? [
            {
              kind: 'table' as const,
              title: 'Label accuracy of held-out problems by kind',
              columns: ['trained on', 'held-out', 'problems', 'before', 'after', 'change'],
              rows: summaries.flatMap((s) =>
                bySort(s).map(([sort, change]) => [
                  name(s),
                  sort,
                  change?.problems ?? 0,
                  change?.before ?? null,
                  change?.after ?? null,
                  change?.overProblems ?? null,
                ]),
              ),
            },
          ]
        : []),
    ],
  };
}

function criteriaOf(size: number, wrong: Summary | undefined): Criterion[] {
  const turned = wrong?.turned ?? [];
  const on = `Trained on ${size} problems with wrong majorities`;
  return [
    above(
      `${on}, label accuracy rises on unseen problems whose majority was wrong as well: the interval of the change lies above 0.`,
      wrong?.wrong?.overProblems.low ?? null,
      0,
      changeWords(wrong?.wrong ?? null),
    ),
    {
      expected: `${on}, label accuracy does not fall on unseen problems as a whole: the mean change is 0 or more.`,
      measured: changeWords(wrong?.all ?? null),
      met: wrong?.all ? wrong.all.overProblems.mean >= 0 : null,
    },
    {
      expected: `${on}, at least ${PAPER_TURNED} unseen problems turn right in every seed, and more than turn wrong.`,
      measured: turned.map(({ up, down }) => `${up} right, ${down} wrong`).join('; ') || 'not measured',
      met: turned.length === 0 ? null : turned.every(({ up, down }) => up >= PAPER_TURNED && up > down),
    },
  ];
}

function labelCourse({ runs }: Summary): { start: number | null; end: number | null } | null {
  const curves = runs.map(({ run }) => metricCurve(run, (m) => m.labelAccuracy));
  return {
    start: meanOf(curves.map((curve) => curve[0]?.value ?? null)),
    end: meanOf(curves.map((curve) => smoothed(curve, WINDOW).at(-1)?.value ?? null)),
  };
}

/** The part of the wrong ones that turned right, by Wilson over the held-out problems of a seed. */
function turnedWords({ turned }: Summary): string {
  const [up, before] = [meanOf(turned.map((t) => t.up)), meanOf(turned.map((t) => t.wrongBefore))];
  const part: Estimate | null = up === null || before === null ? null : wilson(up, before);
  return part
    ? `Of ${figure(before)} unseen problems with a wrong majority at the first evaluation, ${interval(part)} turned right.`
    : '';
}

/** What the control did, so that a rise which any training brings is not taken for generalisation from wrong answers. */
function controlRemark(pair: readonly Summary[]): string[] {
  const [wrong, right] = [pair.find(({ kind }) => kind === 'wrong'), pair.find(({ kind }) => kind === 'right')];
  if (!wrong?.all || !right?.all) return [];
  return [
    `The control, trained on ${right.size} problems with right majorities: label accuracy of all unseen problems ${changeWords(right.all)}; of those that were wrong at the probe ${changeWords(right.wrong)}. Wrong majorities brought ${figure(wrong.all.overProblems.mean - right.all.overProblems.mean)} more than right ones over all unseen problems.`,
  ];
}

function missingRemark(summaries: readonly Summary[]): string[] {
  const missing = SIZES.filter((size) => !summaries.some((s) => s.size === size && s.kind === 'wrong'));
  if (missing.length === 0) return [];
  return [
    `The pool has fewer than ${missing[0]} problems that are known to have a wrong majority: sizes ${missing.join(', ')} were not measured.`,
  ];
}

function bySort({ changes }: Summary) {
  return (['sums', 'differences'] as const).map((sort) => {
    const own = changes.map((seed) => seed.filter(({ prompt }) => sortOf(prompt) === sort));
    return [sort, meanChange(own, ({ label }) => label)] as const;
  });
}

function sortRemark(summary: Summary): string {
  const trained = summary.runs.flatMap(({ problems }) => problems);
  const differences = trained.filter(({ prompt }) => sortOf(prompt) === 'differences').length;
  const parts = bySort(summary).map(([sort, change]) => `${sort} ${changeWords(change)}`);
  return `Of the ${trained.length} problems with wrong majorities that trained (${summary.size} a seed), ${differences} were differences. Label accuracy of unseen ${parts.join('; ')}.`;
}

function bar(name: string, change: Change | null) {
  if (change === null) return [];
  const { mean, low, high } = change.overProblems;
  return [{ name, value: mean, low, high }];
}

export const generalisation: Study = {
  name: 'generalisation',
  title: 'Generalisation from wrong majorities',
  question: 'Can training on the wrong answers of a few problems make other problems come out right?',
  finding:
    'Section 5, finding 4: training on 6 problems with wrong majorities still raised label accuracy from 0 to 1 on two unseen problems.',
  method: `A probe of ${PROBE_VOTES} rollouts a problem tells which majorities of a pool are wrong (labels choose the problems, and never train). ${SIZES.join(' and ')} such problems train with the majority vote, and in control runs as many with right majorities. Each seed draws other problems. Label accuracy is measured before and after on ${HELD_OUT} problems that never train, with rollouts apart from the probe's, so that being chosen does not count as being wrong.`,
  defaults: {
    model: 'embedded',
    steps: 80,
    evaluation: { samples: 8, every: 0, greedy: false },
    checkpoint: { every: 100 },
  },
  seeds: 4,
  minutes: 4,
  async run(context) {
    const { runs, heldOut } = await generalisationRuns(context);
    return findings(runs, heldOut, { sorts: context.embedded });
  },
};
