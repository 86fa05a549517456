/** `--map prompt=question,response=text`: which column is what. Pure. */
import { RollscopeError } from '../protocol/errors.ts';
import { COLUMN_NAMES, type ColumnMap, type RolloutColumn } from './importer.ts';

/** @throws RollscopeError `usage` */
export function parseColumnMap(text: string | undefined): ColumnMap {
  const map: ColumnMap = {};
  for (const pair of text?.split(',') ?? []) {
    const [column = '', ...rest] = pair.split('=');
    const name = rest.join('=').trim();
    if (!isColumn(column.trim()) || name === '') {
      throw new RollscopeError(
        'usage',
        `--map: '${pair}' is not of the form <what>=<column>.`,
        `What a column can be: ${COLUMN_NAMES.join(', ')}. For example --map prompt=question,response=text.`,
        { details: { reason: 'bad-map', value: pair } },
      );
    }
    map[column.trim() as RolloutColumn] = name;
  }
  return map;
}

function isColumn(name: string): name is RolloutColumn {
  return COLUMN_NAMES.includes(name as RolloutColumn);
}
