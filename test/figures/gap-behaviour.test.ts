// What the sharpness-gap figures must show, checked on the drawings themselves, and what they must survive.
import { expect, test } from "vitest";
import {
  anatomyFigure,
  batchSharpnessFigure,
  gradNormFigure,
  landscapeFigure,
  pointsFigure,
  scalingFigure,
  testLossFigure,
  toCsv,
  trajectoriesFigure,
} from "../../src/figures/index.ts";
import type { Figure, OverlayCurve, PointsPanel, SeriesRun, SweepPoint } from "../../src/figures/index.ts";
import { headlessDocument } from "../../src/figures/headless.ts";
import { svgToPng } from "../../src/node/png.ts";
import { gapPoints, plateauRun, powerLaw, sharpnessGroups } from "./gap-data.ts";
import { syntheticRun } from "./synthetic.ts";

const document = headlessDocument();

function elements(svg: string, selector: string): Element[] {
  const holder = headlessDocument().createElement("div");
  holder.innerHTML = svg;
  return [...holder.querySelectorAll(selector)];
}

function words(svg: string): string {
  return elements(svg, "text")
    .map((element) => element.textContent ?? "")
    .join(" | ");
}

const scaling = (
  points: readonly SweepPoint[],
  excluded: readonly SweepPoint[],
  curves: readonly OverlayCurve[] = [],
): Figure =>
  scalingFigure(
    { name: "s", title: "S", xLabel: "b", yLabel: "gap", points, excluded, curves, notes: ["a note"] },
    { document },
  );

const panelOf = (points: readonly SweepPoint[], extra: Partial<PointsPanel> = {}): PointsPanel => ({
  title: "P",
  xLabel: "b",
  yLabel: "gap",
  logX: true,
  logY: true,
  series: [{ label: "measured", kind: "sgd", points }],
  curves: [],
  references: [],
  ...extra,
});

test("a power law is a straight line: points and fit lie on each other", () => {
  const exact = [50, 100, 200, 400].map((x) => ({ x, mean: 850 / x, sd: null, count: 1 }));
  const { svg } = scaling(
    exact,
    [],
    [{ label: "fit", style: "fit", points: powerLaw(50, 400, (x) => 850 / x, 2) }],
  );
  const dots = elements(svg, "circle").map((dot) => ["cx", "cy"].map((key) => Number(dot.getAttribute(key))));
  expect(dots).toHaveLength(4);
  const [[x0, y0], , , [x3, y3]] = dots as [number[], number[], number[], number[]];
  for (const [x, y] of dots) expect(y).toBeCloseTo(y0! + ((x! - x0!) / (x3! - x0!)) * (y3! - y0!), 1);
  const path = elements(svg, 'path[aria-label=""], path').map((p) => p.getAttribute("d") ?? "");
  expect(path.some((d) => d.startsWith(`M${x0},${y0}L${x3},${y3}`))).toBe(true);
});

test("gaps that are not positive are shown and named, never dropped", () => {
  const negative: SweepPoint = { x: 2500, mean: -0.35, sd: 0.5, count: 3 };
  const zero: SweepPoint = { x: 5000, label: "full", mean: 0, sd: null, count: 1 };
  const { svg, rows, alt } = scaling([...gapPoints(), zero], [negative]);
  expect(words(svg)).toContain("△ not positive, so not on the logarithmic axis: full: 0; 2,500: −0.35 ± 0.5");
  expect(elements(svg, '[aria-description="not positive"] path')).toHaveLength(2);
  expect(rows.filter((row) => row.label.startsWith("excluded")).map((row) => row.y)).toEqual([-0.35]);
  expect(alt).toContain("5 points");
});

test("one seed has no error bar, and the figure says so", () => {
  expect(words(scaling(gapPoints(-1, 1), []).svg)).toContain("one seed per point: no error bars");
  const [first, ...rest] = gapPoints();
  const mixed = scaling([{ ...first!, sd: null, count: 1 }, ...rest], []);
  expect(words(mixed.svg)).toContain("bars: mean ± 1 sd over 3 seeds");
  expect(words(mixed.svg)).toContain("no bar: one seed (50)");
  expect(elements(mixed.svg, '[aria-description="± 1 sd"] line')).toHaveLength(4);
});

test("residuals, insets and curves leave their numbers in the rows, with bands and without steps", () => {
  const { rows } = scalingFigure(
    {
      name: "s",
      title: "S",
      xLabel: "b",
      yLabel: "gap",
      points: gapPoints(),
      excluded: [],
      curves: [{ label: "fit", style: "fit", points: [{ x: 50, y: 2, low: 1, high: 3 }] }],
      residuals: [{ x: 50, value: -0.1 }],
      inset: { yLabel: "S_eq", points: [{ x: 50, mean: 190, sd: 1, count: 3 }], references: [] },
      notes: [],
    },
    { document },
  );
  expect(rows).toContainEqual({ run: "", label: "fit", series: "gap", x: 50, y: 2, low: 1, high: 3 });
  expect(rows).toContainEqual({ run: "", label: "measured", series: "log residual", x: 50, y: -0.1 });
  expect(rows).toContainEqual({
    run: "",
    label: "inset",
    series: "S_eq",
    x: 50,
    y: 190,
    low: 189,
    high: 191,
  });
  expect(toCsv(rows)).toContain("\n,fit,gap,,50,2,1,3\n");
});

test("a curve that leaves for zero does not stretch the axis of the points", () => {
  const plunge = powerLaw(50, 4999.99, (x) => (850 / x) * (1 - x / 5000));
  const { svg } = scaling(gapPoints(), [], [{ label: "exact", style: "theory", points: plunge }]);
  const heights = elements(svg, "circle").map((dot) => Number(dot.getAttribute("cy")));
  expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(150);
});

test("an inset stands where it hides no point", () => {
  const at = (points: readonly SweepPoint[]): { left: number; top: number } => {
    const { svg } = scalingFigure(
      {
        name: "s",
        title: "S",
        xLabel: "b",
        yLabel: "gap",
        points,
        excluded: [],
        curves: [],
        inset: { yLabel: "S_eq", points: gapPoints(), references: [] },
        notes: [],
      },
      { document },
    );
    const [x, y] = elements(svg, '[aria-label^="inset"]')[0]!
      .getAttribute("transform")!
      .match(/[\d.]+/g)!
      .map(Number);
    return { left: x!, top: y! };
  };
  const falling = gapPoints();
  const rising = falling.map((point, i) => ({ ...point, mean: falling[falling.length - 1 - i]!.mean }));
  expect(at(falling).left).toBeGreaterThan(300);
  expect(at(falling).top).toBeLessThan(100);
  const { left, top } = at(rising);
  expect(left > 300).toBe(top > 100);
});

test("gradient descent is black and dashed; the mean over seeds has a band, a single run has none", () => {
  const { svg, rows } = trajectoriesFigure(
    {
      name: "t",
      title: "T",
      panels: [
        {
          title: "A",
          yLabel: "S",
          groups: [
            ...sharpnessGroups().slice(0, 2),
            { label: "alone", kind: "sgd", runs: [plateauRun("alone", 150)] },
          ],
          references: [{ value: 200, label: "2/η = 200" }],
        },
      ],
      notes: [],
    },
    { document },
  );
  expect(elements(svg, '[aria-description^="GD"]')[0]!.getAttribute("stroke")).toBe("#000000");
  expect(elements(svg, '[aria-description^="GD"]')[0]!.getAttribute("stroke-dasharray")).toBe("6 3");
  expect(elements(svg, '[aria-description="mean ± 1 sd"]')).toHaveLength(2);
  expect(words(svg)).toContain("shaded: mean ± 1 sd over 3 seeds");
  const gd = rows.filter((row) => row.label === "GD");
  expect(gd[0]).toMatchObject({ run: "GD-s0 GD-s1 GD-s2", step: 0, x: 0, series: "A: S" });
  const seeds = sharpnessGroups()[0]!.runs.map((run) => run.values[10]!);
  expect(gd[10]!.y).toBeCloseTo((seeds[0]! + seeds[1]! + seeds[2]!) / 3, 10);
});

test("a label has one colour in all panels, and a mean that stops early is announced", () => {
  const short = {
    label: "b = 50",
    kind: "sgd" as const,
    runs: [plateauRun("a", 190), plateauRun("b", 190, { steps: 3000 })],
  };
  const other = { label: "b = 200", kind: "sgd" as const, runs: [plateauRun("c", 204)] };
  const { svg } = trajectoriesFigure(
    {
      name: "t",
      title: "T",
      panels: [
        { title: "A", yLabel: "S", groups: [short, other], references: [] },
        { title: "B", yLabel: "S", groups: [other], references: [] },
      ],
      notes: [],
    },
    { document },
  );
  const colours = elements(svg, '[aria-description^="b = 200"]').map((line) => line.getAttribute("stroke"));
  expect(colours).toHaveLength(2);
  expect(new Set(colours).size).toBe(1);
  expect(words(svg)).toContain("b = 50: mean up to step 3,000, where a seed ends");
});

test("panels that stand above each other share their left and right edge", () => {
  const { svg } = landscapeFigure(
    {
      name: "l",
      title: "L",
      panels: [1, 1e7].map((scale) => ({
        yLabel: `${scale}`,
        series: [
          {
            label: scale === 1 ? "a rather long label of a series" : "",
            run: { run: "r", steps: [0, 100], values: [scale, 2 * scale] },
          },
        ],
        references: [],
        smooth: { window: 1, order: 0 },
      })),
      notes: [],
    },
    { document },
  );
  const panels = elements(svg, "svg > g").map((panel) => panel.querySelectorAll("circle"));
  const xs = panels.map((dots) => [...dots].slice(0, 2).map((dot) => dot.getAttribute("cx")));
  expect(xs[0]).toEqual(xs[1]);
});

test("smoothing is that of the values, of their logarithms on a logarithmic axis; wild values are counted", () => {
  const steps = Array.from({ length: 201 }, (_, i) => i * 10);
  const draw = (values: readonly number[], logY: boolean): Figure =>
    landscapeFigure(
      {
        name: "l",
        title: "L",
        panels: [
          {
            yLabel: "q",
            series: [{ label: "", run: { run: "r", steps, values } }],
            references: [],
            smooth: { window: 11, order: 2 },
            logY,
          },
        ],
        notes: [],
      },
      { document },
    );
  const smooth = (figure: Figure): (number | null)[] =>
    figure.rows.filter((row) => row.series === "q, smoothed").map((row) => row.y);
  // A quadratic passes a filter of degree 2 unchanged, and so does the exponential of one.
  const quadratic = steps.map((s) => 3 - s / 100 + (s / 1000) ** 2);
  for (const [i, y] of smooth(draw(quadratic, false)).entries()) expect(y).toBeCloseTo(quadratic[i]!, 8);
  const exponential = quadratic.map(Math.exp);
  for (const [i, y] of smooth(draw(exponential, true)).entries())
    expect(y! / exponential[i]!).toBeCloseTo(1, 8);
  const wild = quadratic.map((value, i) => (i === 77 ? 1e9 : value));
  const { svg } = draw(wild, false);
  expect(words(svg)).toContain("q: 1 of 201 values beyond the axis");
  expect(words(draw(quadratic, true).svg)).toMatch(/q: \d+ of 201 values not positive, not drawn/);
  expect(() => draw(quadratic.slice(1), false)).toThrow(/200 values.*201/s);
});

test("bars stand in the order given, negative ones below zero, the curve over the bars it belongs to", () => {
  const bars = [...gapPoints(), { x: 5000, label: "full", mean: -0.4, sd: null, count: 1 }];
  const { svg } = anatomyFigure(
    {
      name: "a",
      title: "A",
      bars,
      curve: {
        label: "law",
        style: "paper",
        points: bars.slice(0, 5).map(({ x, mean }) => ({ x, y: mean })),
      },
      tracking: panelOf(gapPoints()),
      notes: [],
    },
    { document },
  );
  const rects = elements(svg, 'g[aria-label="rect"] rect').map((rect) => ({
    middle: Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) / 2,
    top: Number(rect.getAttribute("y")),
    bottom: Number(rect.getAttribute("y")) + Number(rect.getAttribute("height")),
  }));
  expect(rects).toHaveLength(6);
  const zero = rects[0]!.bottom;
  for (const rect of rects.slice(0, 5)) expect(rect.bottom).toBeCloseTo(zero, 1);
  expect(rects[5]!.top).toBeCloseTo(zero, 1);
  expect(rects[5]!.bottom).toBeGreaterThan(zero + 1);
  const curve = elements(svg, '[aria-description^="law"] path')[0]!.getAttribute("d")!;
  const corners = curve
    .slice(1)
    .split("L")
    .map((pair) => pair.split(",").map(Number));
  for (const [i, [x, y]] of corners.entries()) {
    expect(x).toBeCloseTo(rects[i]!.middle, 0);
    expect(y).toBeCloseTo(rects[i]!.top, 0);
  }
  expect(words(svg)).toContain("no bar: one seed (full)");
});

test("the running median of batch sharpness goes through its dots, and the phase decides the violins", () => {
  const run = (values: readonly number[]): SeriesRun => ({
    run: "r",
    steps: values.map((_, i) => i),
    values,
  });
  const { rows, alt } = batchSharpnessFigure(
    {
      name: "b",
      title: "B",
      columns: [
        {
          label: "b = 100",
          sharpness: run([1, 2, 3, 4, 5, 200, 201, 202]),
          batchSharpness: run([9, 1, 5, 3, 7, 180, 190, 185]),
          window: 3,
          equilibriumFrom: 5,
        },
      ],
      references: [],
      notes: [],
    },
    { document },
  );
  const medians = rows.filter((row) => row.series.includes("median")).map((row) => row.y);
  expect(medians).toEqual([5, 5, 3, 5, 7, 180, 185, 187.5]);
  expect(alt).toContain("medians: b = 100: 201 and 185");
});

const LONG = "a label that goes on and on with many words so that no margin could ever hold it ".repeat(4);
const HARD_RUNS: readonly (readonly [string, readonly SeriesRun[]])[] = [
  ["no runs", []],
  ["an empty run", [{ run: "r", steps: [], values: [] }]],
  ["one point", [{ run: "r", steps: [5], values: [3] }]],
  ["nothing but null", [{ run: "r", steps: [0, 1], values: [null, null] }]],
  ["NaN and infinity", [{ run: "r", steps: [0, 1, 2], values: [Number.NaN, Number.POSITIVE_INFINITY, 1] }]],
  ["the ends of float64", [{ run: "r", steps: [0, 1, 2], values: [5e-324, 1.7e308, -1.7e308] }]],
  ["a huge range", [{ run: "r", steps: [0, 1, 2, 3], values: [1e-12, 1, 1e12, -1e12] }]],
  ["a constant", [{ run: "r", steps: [0, 1, 2], values: [2, 2, 2] }]],
  ["seeds without a common step", [0, 1].map((k) => ({ run: `r${k}`, steps: [k], values: [1 + k] }))],
  ["markup", [{ run: "<i>&\"'", steps: [0, 1], values: [1, 2] }]],
];
const HARD_POINTS: readonly (readonly [string, readonly SweepPoint[]])[] = [
  ["no points", []],
  ["one point", [{ x: 50, mean: 1, sd: null, count: 1 }]],
  ["nothing positive", [50, 100].map((x) => ({ x, mean: -x, sd: 1, count: 3 }))],
  ["NaN everywhere", [{ x: Number.NaN, mean: Number.NaN, sd: Number.NaN, count: 0 }]],
  ["infinite sd", [{ x: 50, mean: 1, sd: Number.POSITIVE_INFINITY, count: 2 }]],
  ["a huge range", [1e-200, 1e200].map((mean, i) => ({ x: 50 + i, mean, sd: mean, count: 2 }))],
  ["equal settings", [1, 2].map((mean) => ({ x: 50, mean, sd: 0.1, count: 2 }))],
  ["a hostile name", [{ x: 50, mean: 1, sd: 3, count: 2, label: "</text><script>" }]],
];

const runFigures = (runs: readonly SeriesRun[], name = "name"): Figure[] => [
  trajectoriesFigure(
    {
      name: "t",
      title: "T",
      panels: [{ title: name, yLabel: name, groups: [{ label: name, kind: "sgd", runs }], references: [] }],
      notes: [name],
    },
    { document },
  ),
  landscapeFigure(
    {
      name: "l",
      title: "L",
      panels: [false, true].map((logY) => ({
        yLabel: name,
        series: runs.map((run) => ({ label: run.run, run })),
        references: [{ value: Number.NaN, label: "none" }],
        smooth: { window: 5, order: 2 },
        logY,
        zeroLine: true,
      })),
      notes: [name],
    },
    { document },
  ),
  batchSharpnessFigure(
    {
      name: "b",
      title: "B",
      columns: runs.map((run) => ({
        label: name,
        sharpness: run,
        batchSharpness: run,
        window: 5,
        equilibriumFrom: 1,
      })),
      references: [{ value: 200, label: name }],
      notes: [name],
    },
    { document },
  ),
];

const pointFigures = (points: readonly SweepPoint[], name = "name"): Figure[] => {
  const curves: OverlayCurve[] = [
    {
      label: name,
      style: "theory",
      points: points.map(({ x, mean }) => ({ x, y: mean, low: -mean, high: mean })),
    },
  ];
  const panels = [true, false].flatMap((logY) =>
    [true, false].map((logX) =>
      panelOf(points, { logX, logY, curves, references: [{ value: 1, label: name }] }),
    ),
  );
  return [
    scaling(points, points, curves),
    pointsFigure({ name: "p", title: "P", panels, notes: [name] }, { document, width: 400 }),
    anatomyFigure(
      { name: "a", title: "A", bars: points, curve: curves[0]!, tracking: panels[0]!, notes: [name] },
      { document },
    ),
  ];
};

function expectValid(figures: readonly Figure[]): void {
  for (const { svg } of figures) {
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<script/);
    expect(svg.length).toBeLessThan(80_000);
    // The renderer's XML parser is strict, so this also checks that the file is well-formed.
    expect(svgToPng(svg, { width: 320 }).length).toBeGreaterThan(500);
  }
}

test.each(HARD_RUNS)("series: %s", (_, runs) => {
  expectValid(runFigures(runs));
});

test.each(HARD_POINTS)("points: %s", (_, points) => {
  expectValid(pointFigures(points));
});

test("names that no margin could hold are shortened everywhere", () => {
  const points = [{ x: 50, mean: 1, sd: 3, count: 2, label: LONG }];
  const figures = [
    ...pointFigures(points, LONG),
    ...runFigures([plateauRun(LONG, 200, { every: 1000 })], LONG),
  ];
  expectValid(figures);
  for (const { svg } of figures) expect(words(svg)).toContain("…");
});

test("no panels at all, an unknown test loss and an unknown gradient norm are valid images too", () => {
  const nothing = { name: "n", title: "N", panels: [], columns: [], references: [], notes: [] };
  expectValid([
    trajectoriesFigure(nothing, { document }),
    pointsFigure(nothing, { document }),
    landscapeFigure(nothing, { document }),
    batchSharpnessFigure(nothing, { document }),
    testLossFigure([syntheticRun({ id: "a", steps: 50 })], { document }),
    gradNormFigure([], { document }),
  ]);
});

test("runs of 20,000 records draw quickly and into small files that keep the extremes", () => {
  const runs = ["a", "b", "c"].map((name) => plateauRun(name, 200, { steps: 20_000, every: 1 }));
  const spiked = { ...runs[0]!, values: runs[0]!.values.map((value, i) => (i === 12_345 ? 260 : value)) };
  // Processor time, not the clock: other tests run beside this one.
  const start = process.cpuUsage();
  const figures = [
    trajectoriesFigure(
      {
        name: "t",
        title: "T",
        panels: [
          { title: "", yLabel: "S", groups: [{ label: "x", kind: "sgd", runs: [spiked] }], references: [] },
        ],
        notes: [],
      },
      { document },
    ),
    ...runFigures(runs.slice(1)),
  ];
  const used = process.cpuUsage(start);
  expect((used.user + used.system) / figures.length / 1e6).toBeLessThan(3);
  for (const { svg } of figures) expect(svg.length).toBeLessThan(600_000);
  const path = elements(figures[0]!.svg, '[aria-description^="x"] path')[0]!.getAttribute("d")!;
  const heights = path
    .slice(1)
    .split("L")
    .map((pair) => Number(pair.split(",")[1]));
  const sorted = heights.toSorted((a, b) => a - b);
  // The spike stands alone, far above everything else.
  expect(sorted[1]! - sorted[0]!).toBeGreaterThan(40);
});

test("test loss stands beside the training loss, the gradient norm alone", () => {
  const run = syntheticRun({ id: "a", steps: 200 });
  const measured = {
    ...run,
    measurements: run.measurements.map((event) => Object.assign({}, event, { testLoss: 0.5, gradNorm: 3 })),
  };
  const { rows, svg } = testLossFigure([measured], { document });
  expect(new Set(rows.map((row) => row.series))).toEqual(new Set(["test loss", "loss"]));
  expect(words(svg)).toContain("dotted: training loss");
  const norms = gradNormFigure([measured], { document }).rows;
  expect(norms.map((row) => row.y)).toEqual(measured.measurements.map(() => 3));
});
