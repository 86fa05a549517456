/** An experiment's report: one self-contained HTML file, without scripts or network access. */
import { REPRODUCTION_TEXT, type Reproduction } from '../../protocol/experiments.ts';
import { duration, figure, plural } from '../../protocol/format.ts';
import type { RunConfig } from '../../protocol/index.ts';
import type { Experiment, Findings } from '../experiment.ts';
import { type OtherOption, otherOptionsText } from '../other-options.ts';
import { COLORS, drawPlot, type Plot } from './plots.ts';
import type { Cell, ReportTable, Section } from './section.ts';
import { htmlText, interval } from './text.ts';

export interface ReportContent {
  experiment: Experiment;
  findings: Findings;
  reproduction: Reproduction;
  /** Options that differ from the experiment's own. */
  changed: readonly OtherOption[];
  base: RunConfig;
  seeds: readonly number[];
  seconds: number;
  runs: readonly { id: string; folder: string }[];
}

/**
 * The page as HTML text. Everything that comes from data is escaped; a policy in its head allows neither scripts nor
 * requests.
 */
export function reportPage({
  experiment,
  findings,
  reproduction,
  changed,
  base,
  seeds,
  seconds,
  runs,
}: ReportContent): string {
  const { criteria, sections, remarks } = findings;
  const met = criteria.filter((c) => c.met === true).length;
  const mark = (value: boolean | null) =>
    value === null
      ? '<span class="unknown">not measured</span>'
      : value
        ? '<span class="yes">met</span>'
        : '<span class="no">not met</span>';
  const rows = criteria
    .map((c) => `<tr><td>${htmlText(c.expected)}</td><td>${htmlText(c.measured)}</td><td>${mark(c.met)}</td></tr>`)
    .join('');
  const body = [
    `<header><p class="kind">Rollscope experiment: ${htmlText(experiment.name)}</p><h1>${htmlText(experiment.title)}</h1>`,
    changed.length > 0 ? `<p class="banner">${htmlText(banner(changed))}</p>` : '',
    `<p class="reproduction ${reproduction}">${REPRODUCTION_TEXT[reproduction]}${changed.length > 0 ? ' with other options' : ''} <small>${met} of ${criteria.length} criteria met</small></p></header>`,
    `<section><h2>Question</h2><p>${htmlText(experiment.question)}</p><p><b>In the paper:</b> ${htmlText(experiment.finding)}</p><p><b>Here:</b> ${htmlText(experiment.method)}</p></section>`,
    `<section><h2>Criteria</h2><p>Reproduced: all are met. Partly: some are met. Not: none is met.</p><div class="wide"><table><thead><tr><th>Expected</th><th>Measured</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`,
    ...remarks.map((remark) => `<p>${htmlText(remark)}</p>`),
    '</section>',
    ...sections.map(sectionHtml),
    setupHtml({ base, seeds, seconds, runs }),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${htmlText(experiment.title)} – Rollscope</title><style>${STYLE}</style></head>
<body><main>${body.join('\n')}</main></body></html>
`;
}

function banner(changed: readonly OtherOption[]): string {
  return `Run with options other than the experiment's own (in parentheses): ${otherOptionsText(changed)}. The criteria and the result apply to these runs, not to the experiment as described.`;
}

function sectionHtml(section: Section): string {
  const title = section.title ? `<h2>${htmlText(section.title)}</h2>` : '';
  if (section.kind === 'text') {
    return `<section>${title}${section.paragraphs.map((p) => `<p>${htmlText(p)}</p>`).join('')}</section>`;
  }
  const note = section.note ? `<p class="note">${htmlText(section.note)}</p>` : '';
  if (section.kind === 'table') {
    return `<section>${title}${section.rows.length > 0 ? tableHtml(section) : ''}${note}</section>`;
  }
  return `<section>${title}<div class="plots">${section.plots.map(plotHtml).join('')}</div>${note}</section>`;
}

function plotHtml(plot: Plot): string {
  const named = plot.kind !== 'bars' && plot.series.length > 0;
  const legend = named
    ? `<div class="legend">${plot.series
        .map(
          (s, i) =>
            `<span class="c${i % COLORS}"><i${s.dashed ? ' class="dashed"' : ''}></i>${htmlText(s.name)}</span>`,
        )
        .join('')}</div>`
    : '';
  return `<figure><figcaption>${htmlText(plot.title)}</figcaption>${drawPlot(plot)}${legend}<details><summary>Numbers</summary>${tableHtml(numbersOf(plot))}</details></figure>`;
}

/** Maximum number of points per series in the table of a plot's numbers. */
const MAX_TABLE_POINTS = 60;

function numbersOf(plot: Plot): ReportTable {
  const cell = ({ low, high }: { low?: number; high?: number }, mean: number): Cell =>
    low !== undefined && high !== undefined ? { mean, low, high } : mean;
  if (plot.kind === 'bars') {
    return { columns: ['', plot.y], rows: plot.bars.map((bar) => [bar.name, cell(bar, bar.value)]) };
  }
  const rows = plot.series.flatMap(({ name, points }) => {
    const every = Math.max(1, Math.ceil(points.length / MAX_TABLE_POINTS));
    return points
      .filter((_, i) => i % every === 0 || i === points.length - 1)
      .map((p): Cell[] => [p.label ?? name, p.x, cell(p, p.y)]);
  });
  return { columns: ['', plot.x, plot.y], rows };
}

function tableHtml({ columns, rows }: ReportTable): string {
  const text = (cell: Cell) =>
    cell === null
      ? '–'
      : typeof cell === 'string'
        ? htmlText(cell)
        : typeof cell === 'number'
          ? figure(cell)
          : interval(cell);
  const head = columns.map((c) => `<th>${htmlText(c)}</th>`).join('');
  const body = rows
    .map(
      (row) => `<tr>${row.map((c) => `<td${typeof c === 'string' ? '' : ' class="n"'}>${text(c)}</td>`).join('')}</tr>`,
    )
    .join('');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function setupHtml({ base, seeds, seconds, runs }: Pick<ReportContent, 'base' | 'seeds' | 'seconds' | 'runs'>): string {
  const list = [...runs]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id }) => `<li>runs/${htmlText(id)}</li>`)
    .join('');

  return `<section><h2>Setup</h2><p>${plural(runs.length, 'run')}, ${duration(seconds)}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${htmlText(seeds.join(', '))}. Intervals are 95%: over seeds by Student's t (for two seeds: both values), over problems by bootstrap, unless noted otherwise. Every run is an ordinary run folder next to this file: <code>rollscope show runs/&lt;name&gt;</code>.</p>
<details><summary>Base configuration of the runs</summary><pre>${htmlText(JSON.stringify(base, null, 2))}</pre></details>
<details><summary>Runs</summary><ul>${list}</ul></details></section>`;
}

/** Colorblind-safe colors (Okabe and Ito), slightly darker on white. */
const STYLE = `
:root{color-scheme:light dark;--fg:#1f2328;--dim:#59636e;--bg:#fff;--line:#d1d9e0;--soft:#f6f8fa;--yes:#1a7f37;--no:#b3261e;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#b58900;--c5:#56b4e9;--c6:#7f3c8d;--c7:#666}
@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--dim:#9da7b1;--bg:#0d1117;--line:#30363d;--soft:#161b22;--yes:#57c26d;--no:#ff7b72;
--c0:#4aa8e0;--c1:#ff8c42;--c2:#35c99c;--c3:#e69ac5;--c4:#e6c14a;--c5:#8fd0f5;--c6:#b98bc9;--c7:#aaa}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:24px}h1{font-size:26px;margin:0 0 8px}h2{font-size:18px;margin:28px 0 8px}
.kind,.note{color:var(--dim);margin:0}.note{font-size:13px;margin-top:8px}.reproduction{font-size:18px;font-weight:600;margin:8px 0}.reproduction small{font-weight:400;color:var(--dim)}
.banner{border:2px solid var(--c4);border-radius:6px;padding:8px 12px;margin:8px 0}
.reproduced,.yes{color:var(--yes)}.not,.no{color:var(--no)}.unknown{color:var(--dim)}.partly{color:var(--c4)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:6px 0}th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600}td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(380px,1fr));gap:16px}@media(max-width:430px){.plots{grid-template-columns:1fr}}
figure{margin:0;min-width:0}figcaption{font-weight:600;font-size:13px}svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}svg text.label{fill:var(--fg)}svg .grid{stroke:var(--line);stroke-width:.5}svg .axis{stroke:var(--dim)}
.line{fill:none;stroke-width:1.8}.band{opacity:.18;stroke:none}.dashed{stroke-dasharray:5 3}.level{stroke:var(--dim);stroke-dasharray:2 3}svg text.level{stroke:none}
.whisker{stroke:var(--fg);stroke-width:1}.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12px}.legend i{display:inline-block;width:14px;border-top:3px solid;margin-right:5px;vertical-align:middle}.legend i.dashed{border-top-style:dashed}
details{font-size:13px}summary{color:var(--dim);cursor:pointer}pre{background:var(--soft);padding:10px;overflow:auto;font-size:12px}
${Array.from({ length: COLORS }, (_, i) => `.line.c${i},.whisker.c${i}{stroke:var(--c${i})}.band.c${i},.dot.c${i},.bar.c${i}{fill:var(--c${i})}.legend .c${i} i{border-color:var(--c${i})}`).join('')}
@media print{details{display:none}}`;
