/** An experiment's report: what it contains, and that it needs no other file. */
import { describe, expect, test } from 'vitest';
import { type ReportContent, reportPage } from '../../engine/experiments/report/page.ts';
import { COLORS, drawPlot, type LinePlot, type PlotPoint } from '../../engine/experiments/report/plots.ts';
import type { Section } from '../../engine/experiments/report/section.ts';
import { htmlText, interval } from '../../engine/experiments/report/text.ts';
import { figure } from '../../engine/protocol/format.ts';
import { RunConfig } from '../../engine/protocol/index.ts';

const HOSTILE = `<script>alert("1")</script> & <img src=x onerror='y'>`;
const ESCAPED = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &lt;img src=x';

function content(sections: Section[] = [], more: Partial<ReportContent> = {}): ReportContent {
  return {
    experiment: {
      ...{ name: 'a-experiment', title: 'A title', question: 'Why?', finding: 'So.', method: 'Thus.' },
      ...{ defaults: {}, seeds: 1, minutes: 1, run: () => Promise.reject(new Error('not here')) },
    },
    findings: {
      criteria: [
        { expected: 'first', measured: '1', met: true },
        { expected: 'second', measured: '2', met: false },
        { expected: 'third', measured: 'nothing', met: null },
      ],
      sections,
      remarks: ['A remark.'],
    },
    reproduction: 'partly',
    changed: [],
    base: RunConfig.parse({ dataset: { path: 'embedded' } }),
    seeds: [3, 4],
    seconds: 61.4,
    runs: [
      { id: 'b', folder: '/x/b' },
      { id: 'a', folder: '/x/a' },
    ],
    ...more,
  };
}

function lines(points: PlotPoint[], more: Partial<LinePlot> = {}): LinePlot {
  return { kind: 'lines', title: 'T', x: 'X', y: 'Y', series: [{ name: 'S', points }], ...more };
}

const numbers = (svg: string) => svg.match(/-?\d+(?:\.\d+)?/g)!.map(Number);
/** The points of the first path of a class. */
const path = (svg: string, name: string) => new RegExp(`<path class="${name}[^"]*" d="([^"]*)"`).exec(svg)?.[1];
const attributes = (svg: string, tag: string, name: string) =>
  [...svg.matchAll(new RegExp(`<${tag} class="${name}[^>]*>`, 'g'))].map(([found]) =>
    Object.fromEntries([...found.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
  );

describe("options other than the experiment's own", () => {
  const changed = [{ name: '--steps', value: '5', usual: HOSTILE }];

  test('are listed at the beginning, and with the result', () => {
    const page = reportPage(content([], { changed }));
    const header = page.slice(page.indexOf('<header>'), page.indexOf('</header>'));
    expect(header).toContain(`--steps 5 (${ESCAPED.slice(0, 30)}`);
    expect(header).toMatch(/<p class="banner">[^<]*not to the experiment as described/);
    expect(header).toContain(' with other options <small>');
  });

  test('are not mentioned if there are none', () => {
    expect(reportPage(content())).not.toMatch(/class="banner"|other options/);
  });
});

describe('texts', () => {
  test('are escaped', () => {
    expect(htmlText(HOSTILE)).toBe(`${ESCAPED} onerror='y'&gt;`);
  });

  test.each([
    [null, '–'],
    [undefined, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '-∞'],
    [0, '0'],
    [12345, '12,345'],
    [0.12345, '0.123'],
    [-1.5, '-1.5'],
    [123.456, '123'],
    [0.00012, '1.2e-4'],
    [2_500_000, '2.5e+6'],
    [2, '2'],
  ])('the number %s is written %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  test('intervals', () => {
    expect(interval({ mean: 0.6123, low: 0.58, high: 0.64 })).toBe('0.612 (0.58 to 0.64)');
  });
});

describe('a line', () => {
  test('connects its points, from left to right, with high values at the top', () => {
    const svg = drawPlot(
      lines(
        [
          { x: 0, y: 0 },
          { x: 5, y: 1 },
          { x: 10, y: 0.5 },
        ],
        { yRange: [0, 1] },
      ),
    );
    // The frame is 52 to 428 wide and 10 to 222 high.
    expect(path(svg, 'line c0')).toBe('M52,222L240,10L428,116');
  });

  test('has a band if there are intervals', () => {
    const points = [0, 1, 2].map((x) => ({ x, y: 0.5, low: 0.25, high: 0.75 }));
    const svg = drawPlot(lines(points, { yRange: [0, 1] }));
    const drawn = numbers(path(svg, 'band c0')!);
    expect([
      Math.min(...drawn.filter((_, i) => i % 2 === 1)),
      Math.max(...drawn.filter((_, i) => i % 2 === 1)),
    ]).toEqual([63, 169]);
    expect(
      path(
        drawPlot(
          lines([
            { x: 0, y: 1 },
            { x: 1, y: 2 },
          ]),
        ),
        'band',
      ),
    ).toBeUndefined();
    // A single interval is no band.
    expect(
      path(
        drawPlot(
          lines([
            { x: 0, y: 1, low: 0, high: 2 },
            { x: 1, y: 2 },
          ]),
        ),
        'band',
      ),
    ).toBeUndefined();
  });

  test('of one point is a dot; of none nothing, within its axes', () => {
    const one = drawPlot(lines([{ x: 3, y: 7 }]));
    expect(attributes(one, 'circle', 'dot')).toMatchObject([{ class: 'dot c0', cx: '240.0', cy: '116.0' }]);
    const none = drawPlot(lines([]));
    expect(path(none, 'line')).toBeUndefined();
    expect(none).toMatch(/^<svg viewBox="0 0 440 260" role="img" aria-label="T">.*<\/svg>$/);
    for (const svg of [one, none]) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('leaves out values that are not numbers', () => {
    const svg = drawPlot(
      lines(
        [
          { x: 0, y: 0 },
          { x: 1, y: Number.NaN },
          { x: 2, y: 1 },
        ],
        { yRange: [0, 1] },
      ),
    );
    expect(path(svg, 'line')).toBe('M52,222L428,10');
    expect(svg).not.toContain('NaN');
  });

  test('of equal values is in the middle', () => {
    const svg = drawPlot(
      lines([
        { x: 0, y: 0 },
        { x: 1, y: 0 },
      ]),
    );
    expect(path(svg, 'line')).toBe('M52,116L428,116');
  });

  test('of many points is thinned, but keeps its last point', () => {
    const points = Array.from({ length: 5001 }, (_, x) => ({ x, y: x }));
    const drawn = path(drawPlot(lines(points, { yRange: [0, 5000] })), 'line')!;
    expect(drawn.split('L').length).toBeLessThanOrEqual(401);
    expect(drawn.endsWith('L428,10')).toBe(true);
  });

  test('on a logarithmic axis has equal steps for equal ratios, and leaves out values that are not above 0', () => {
    const points = [0, 1, 10, 100].map((x) => ({ x, y: x > 0 ? 1 : 100 }));
    const svg = drawPlot(lines(points, { xLog: true, yRange: [0, 2] }));
    expect(path(svg, 'line')).toBe('M52,116L240,116L428,116');
    const labels = [...svg.matchAll(/text-anchor="middle">([\d.,]+)</g)].map(([, text]) => text);
    expect(labels).toEqual(['1', '2', '5', '10', '20', '50', '100']);
  });

  test('has named levels, and dashes on request', () => {
    const levels = [{ y: 0.5, name: HOSTILE }];
    const series = [
      {
        name: 'a',
        dashed: true,
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
    ];
    const svg = drawPlot(lines([], { levels, series, yRange: [0, 1] }));
    expect(attributes(svg, 'line', 'level')).toMatchObject([{ y1: '116.0', y2: '116.0' }]);
    expect(svg).toContain(`${ESCAPED} `);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('class="line c0 dashed"');
  });

  test('reuses colors in a cycle', () => {
    const series = Array.from({ length: COLORS + 1 }, (_, i) => ({
      name: `${i}`,
      points: [
        { x: 0, y: i },
        { x: 1, y: i },
      ],
    }));
    const used = attributes(drawPlot(lines([], { series })), 'path', 'line').map((of) => of.class);
    expect(used).toEqual([...Array.from({ length: COLORS }, (_, i) => `line c${i}`), 'line c0']);
  });
});

describe('points', () => {
  test('have names, whiskers, and the diagonal', () => {
    const svg = drawPlot({
      ...{ kind: 'points', title: 'T', x: 'X', y: 'Y', diagonal: true, xRange: [0, 1], yRange: [0, 1] },
      series: [
        {
          name: 'S',
          points: [
            { x: 0.5, y: 0.5, low: 0.25, high: 0.75, label: HOSTILE },
            { x: 1, y: 1 },
          ],
        },
      ],
    });
    expect(attributes(svg, 'circle', 'dot')).toMatchObject([
      { cx: '240.0', cy: '116.0' },
      { cx: '428.0', cy: '10.0' },
    ]);
    expect(attributes(svg, 'line', 'whisker')).toMatchObject([{ x1: '240.0', y1: '169.0', y2: '63.0' }]);
    expect(attributes(svg, 'line', 'level')).toMatchObject([{ x1: '52', y1: '222', x2: '428', y2: '10' }]);
    expect(svg).toContain('<title>S: 1, 1</title>');
    expect(svg).not.toContain('<script');
  });
});

describe('bars', () => {
  test('start at 0, even those below it', () => {
    const bars = [
      { name: 'up', value: 1, low: 0.5, high: 1 },
      { name: HOSTILE, value: -1 },
      { name: 'none', value: Number.NaN },
    ];
    const svg = drawPlot({ kind: 'bars', title: 'T', y: 'Y', yRange: [-1, 1], bars });
    expect(attributes(svg, 'rect', 'bar')).toMatchObject([
      { class: 'bar c0', y: '10.0', height: '106.0' },
      { class: 'bar c1', y: '116.0', height: '106.0' },
    ]);
    expect(attributes(svg, 'line', 'whisker')).toMatchObject([{ y1: '63.0', y2: '10.0' }]);
    expect(svg).not.toMatch(/<script|NaN/);
    expect(drawPlot({ kind: 'bars', title: 'T', y: 'Y', bars: [] })).not.toMatch(/NaN|Infinity/);
  });
});

describe('the page', () => {
  const text = (page: string) => page.slice(page.indexOf('<body>'));

  test('contains result, criteria, remarks and setup', () => {
    const page = reportPage(content());
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('<p class="reproduction partly">Partly reproduced <small>1 of 3 criteria met</small></p>');
    const rows = [...page.matchAll(/<tr><td>(\w+)<\/td><td>(\w+)<\/td><td><span class="(\w+)">([^<]+)<\/span>/g)];
    expect(rows.map((row) => row.slice(1))).toEqual([
      ['first', '1', 'yes', 'met'],
      ['second', '2', 'no', 'not met'],
      ['third', 'nothing', 'unknown', 'not measured'],
    ]);
    expect(page).toContain('<p>A remark.</p>');
    expect(page).toContain('2 runs, 1:01, seeds 3, 4.');
    expect(page).toContain('<li>runs/a</li><li>runs/b</li>');
    expect(page).toContain('&quot;reward&quot;: &quot;majority-vote&quot;');
    expect(reportPage(content([], { reproduction: 'not', seconds: 600 }))).toMatch(
      /Not reproduced at this scale.*10:00/s,
    );
    expect(reportPage(content([], { reproduction: 'reproduced' }))).toContain('"reproduction reproduced">Reproduced ');
  });

  test('says above the result that other options were used', () => {
    expect(reportPage(content())).not.toContain('class="banner"');
    const changed = [{ name: '--steps', value: '5', usual: '250' }];
    const page = reportPage(content([], { reproduction: 'reproduced', changed }));
    expect(page).toMatch(
      /class="banner">[^<]*--steps 5 \(250\)[^<]*<\/p>\s*<p class="reproduction reproduced">[^<]*other options/,
    );
  });

  test('a table has a dash for what does not exist, and intervals', () => {
    const rows = [['a', 0.5, null, { mean: 0.6123, low: 0.5, high: 0.7 }]];
    const page = reportPage(content([{ kind: 'table', title: 'T', note: 'N', columns: ['w', 'x', 'y', 'z'], rows }]));
    expect(page).toContain(
      '<tr><td>a</td><td class="n">0.5</td><td class="n">–</td><td class="n">0.612 (0.5 to 0.7)</td></tr>',
    );
    expect(page).toContain('<thead><tr><th>w</th><th>x</th><th>y</th><th>z</th></tr></thead>');
    expect(page).toContain('<p class="note">N</p>');
  });

  test('a table without rows consists of its note', () => {
    const page = reportPage(content([{ kind: 'table', title: 'T', note: 'N', columns: ['unused'], rows: [] }]));
    expect(page).toContain('<p class="note">N</p>');
    expect(page).not.toContain('unused');
  });

  test('a plot has a legend, and its numbers as a table', () => {
    const points = [
      { x: 1, y: 0.25 },
      { x: 2, y: 0.5, low: 0.4, high: 0.6 },
    ];
    const page = reportPage(content([{ kind: 'plots', title: 'P', plots: [lines(points)] }]));
    expect(page).toContain('<figcaption>T</figcaption><svg');
    expect(page).toContain('<div class="legend"><span class="c0"><i></i>S</span></div>');
    expect(page).toContain('<tr><td>S</td><td class="n">1</td><td class="n">0.25</td></tr>');
    expect(page).toContain('<tr><td>S</td><td class="n">2</td><td class="n">0.5 (0.4 to 0.6)</td></tr>');
    const bars = [{ name: 'b', value: 3 }];
    const other = reportPage(
      content([{ kind: 'plots', title: 'P', plots: [{ kind: 'bars', title: 'B', y: 'V', bars }] }]),
    );
    expect(other).toContain('<tr><td>b</td><td class="n">3</td></tr>');
    expect(other).not.toContain('class="legend"');
  });

  test('escapes every text that comes from data', () => {
    const hostile = lines([{ x: 0, y: 0, label: HOSTILE }], {
      ...{
        title: HOSTILE,
        x: HOSTILE,
        y: HOSTILE,
        series: [{ name: HOSTILE, points: [{ x: 0, y: 1, label: HOSTILE }] }],
      },
    });
    const sections: Section[] = [
      { kind: 'text', title: HOSTILE, paragraphs: [HOSTILE] },
      { kind: 'table', title: HOSTILE, note: HOSTILE, columns: [HOSTILE], rows: [[HOSTILE]] },
      { kind: 'plots', title: HOSTILE, note: HOSTILE, plots: [hostile, { ...hostile, kind: 'points' }] },
    ];
    const base = content(sections);
    const experiment = {
      ...base.experiment,
      name: HOSTILE,
      title: HOSTILE,
      question: HOSTILE,
      finding: HOSTILE,
      method: HOSTILE,
    };
    const criteria = [{ expected: HOSTILE, measured: HOSTILE, met: true }];
    const page = reportPage({
      ...base,
      experiment,
      findings: { criteria, sections, remarks: [HOSTILE] },
      base: RunConfig.parse({ dataset: { path: HOSTILE } }),
      runs: [{ id: HOSTILE, folder: HOSTILE }],
    });
    expect(page).not.toMatch(/<script|<img/);
    expect(page.split(ESCAPED).length).toBeGreaterThan(20);
    // Tags are balanced: nothing was opened by a text.
    for (const tag of ['section', 'table', 'svg', 'figure', 'details', 'div', 'p', 'td', 'text']) {
      const count = (pattern: string) => text(page).match(new RegExp(pattern, 'g'))?.length ?? 0;
      expect(count(`<${tag}[ >]`), tag).toBe(count(`</${tag}>`));
    }
  });

  test('loads nothing and runs nothing', () => {
    const page = reportPage(content([{ kind: 'plots', title: 'P', plots: [lines([{ x: 0, y: 1 }])] }]));
    expect(page).not.toMatch(/https?:|<script|<link|<iframe|@import|url\(|\son\w+=|src=/i);
  });
});
