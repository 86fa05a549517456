/** The matrix as a file: a drawing of all problems of the list in the theme's colors, and a row for each group. */
import type { Problem } from '../../../engine/protocol/problem.ts';
import type { RunColumns } from '../../../engine/runs/columns.ts';
import { candidateRows } from '../../../engine/runs/representatives.ts';
import { standingAt } from '../../../engine/runs/standing.ts';
import type { ChartNumbers } from '../../charts/export.ts';
import { matrixColors } from '../../charts/matrix.ts';
import { type MatrixPicture, matrixSvg } from '../../charts/matrix-svg.ts';
import { themeColors } from '../../theme.ts';

type Listed = Pick<Problem, 'index' | 'id'> | null;

/** The drawing as text. */
export function matrixDrawing(of: Pick<MatrixPicture, 'columns' | 'problems' | 'steps'>): string {
  const { backgroundColor: background, color: foreground } = getComputedStyle(document.body);
  return matrixSvg({ ...of, colors: matrixColors(themeColors()), background, foreground });
}

/** The groups that represent each problem, in the order of the list. Pure. */
export function matrixTable(columns: RunColumns, problems: readonly Listed[]): ChartNumbers {
  const { share } = columns.groups.columns;
  return {
    head: ['problem', 'step', 'phase', 'majority', 'answer', 'share'],
    rows: problems.flatMap((problem) =>
      problem === null
        ? []
        : candidateRows(columns, problem.index).map((row) => {
            const { step, phase } = columns.idOf(row);
            const answer = columns.texts.at(columns.groups.columns.answer[row]!);
            return [problem.id, step, phase, standingAt(columns, row), answer, share[row]!];
          }),
    ),
  };
}
