// What the figures must show, checked on the drawing itself, and what they must survive.
import { expect, test } from "vitest";
import {
  accuracyFigure,
  lossFigure,
  relativeSharpnessFigure,
  sharpnessFigure,
} from "../../src/figures/index.ts";
import type { Figure, FigureOptions } from "../../src/figures/index.ts";
import { headlessDocument } from "../../src/figures/headless.ts";
import { svgToPng } from "../../src/node/png.ts";
import type { MeasurementEvent, RunRecord } from "../../src/record/index.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

const document = headlessDocument();
const FIGURES: readonly (readonly [
  string,
  (records: readonly RunRecord[], options: FigureOptions) => Figure,
])[] = [
  ["loss", lossFigure],
  ["sharpness", sharpnessFigure],
  ["relative-sharpness", relativeSharpnessFigure],
  ["accuracy", accuracyFigure],
];

function elements(svg: string, selector: string): Element[] {
  const holder = headlessDocument().createElement("div");
  holder.innerHTML = svg;
  return [...holder.querySelectorAll(selector)];
}

function texts(svg: string): string[] {
  return elements(svg, "text").map((element) => element.textContent ?? "");
}

/** Height in pixels of a horizontal reference line, by its dash. */
function referenceHeights(svg: string): number[] {
  return elements(svg, '[stroke-dasharray="6 4"] line, line[stroke-dasharray="6 4"]').map((line) =>
    Number(line.getAttribute("y1")),
  );
}

test("one labelled reference line per distinct threshold, at the height of its value", () => {
  const runs = [0.01, 0.01, 0.02].map((lr, i) =>
    syntheticRun({ id: `r${i}`, lr, batch: i === 0 ? "full" : 50 }),
  );
  const { svg } = sharpnessFigure(runs, { document });
  const labels = texts(svg).filter((text) => text.startsWith("2/η"));
  expect(labels).toEqual(["2/η = 200 (lr 0.01)", "2/η = 100 (lr 0.02)"]);
  const heights = referenceHeights(svg);
  expect(heights).toHaveLength(2);
  // The axis starts at 0 at the bottom of the plotting area, so heights above it are proportional to values.
  const bottom = Number(
    elements(svg, '[aria-label="y-axis tick"] path')
      .at(0)!
      .getAttribute("transform")!
      .match(/,([\d.]+)/)![1],
  );
  expect((bottom - heights[0]!) / (bottom - heights[1]!)).toBeCloseTo(2, 2);
});

test("sharpness ÷ threshold has its line at 1 whatever the learning rates", () => {
  const { svg, rows } = relativeSharpnessFigure(
    [0.01, 0.02].map((lr) => syntheticRun({ id: `${lr}`, lr })),
    { document },
  );
  expect(referenceHeights(svg)).toHaveLength(1);
  const settled = rows.filter((row) => row.step! > 700).map((row) => row.y!);
  expect(Math.min(...settled)).toBeGreaterThan(0.9);
  expect(Math.max(...settled)).toBeLessThan(1.1);
});

test("labels name what differs; a single run needs none", () => {
  expect(texts(sharpnessFigure(headlineRuns(), { document }).svg)).toEqual(
    expect.arrayContaining(["gd", "sgd batch 200", "sgd batch 50", "sgd batch 10"]),
  );
  expect(texts(sharpnessFigure([syntheticRun({ id: "only" })], { document }).svg).join()).not.toContain(
    "only",
  );
});

test("midpoints are dotted, Rayleigh quotients apart from solves, further eigenvalues listed", () => {
  const run = syntheticRun({ id: "a", eigenvalues: 2, midpoints: true });
  const rayleigh: MeasurementEvent = {
    type: "measurement",
    step: 995,
    point: "iterate",
    sharpness: 150,
    rayleigh: true,
  };
  const { svg, rows } = sharpnessFigure([{ ...run, measurements: [...run.measurements, rayleigh] }], {
    document,
  });
  expect(elements(svg, '[stroke-dasharray="0.5 3.5"]').length).toBeGreaterThan(0);
  expect(new Set(rows.map((row) => row.series))).toEqual(
    new Set(["sharpness", "sharpness (Rayleigh)", "sharpness (midpoint)", "eigenvalue 2"]),
  );
  expect(rows.filter((row) => row.series === "sharpness").some((row) => row.y === 150)).toBe(false);
});

test("a diverged run ends in a cross, an onset is a tick, and neither appears without cause", () => {
  const diverged = lossFigure([syntheticRun({ id: "b", divergesAt: 200 })], { document }).svg;
  expect(elements(diverged, '[aria-label="diverged"] path')).toHaveLength(2);
  expect(elements(diverged, '[aria-label="onsets"] path')).toHaveLength(0);
  const calm = sharpnessFigure(headlineRuns(), { document }).svg;
  expect(elements(calm, '[aria-label="diverged"] path')).toHaveLength(0);
  expect(elements(calm, '[aria-label="onsets"] path')).toHaveLength(1);
});

test("the CSV rows hold every step, although the drawing does not", () => {
  const run = syntheticRun({ id: "a", steps: 5000, every: 500 });
  const { rows, svg } = lossFigure([run], { document });
  expect(rows.map((row) => row.y)).toEqual(run.steps.map((event) => event.loss));
  expect(svg.length).toBeLessThan(40_000);
});

test("drawing twice gives the same file, and ids carry the prefix asked for", () => {
  const runs = [syntheticRun({ id: "a" }), syntheticRun({ id: "b", lr: 0.05, divergesAt: 300 })];
  const first = sharpnessFigure(runs, { document }).svg;
  expect(sharpnessFigure(runs, { document: headlessDocument() }).svg).toBe(first);
  expect(first).toMatch(/id="sharpness-1"/);
  const other = sharpnessFigure(runs, { document, idPrefix: "other" }).svg;
  expect(other).not.toMatch(/[("#]sharpness-1/);
});

test("labels neither overlap nor leave the image, however many (by estimated width)", async () => {
  const { textWidth } = await import("../../src/figures/text.ts");
  const many = [2, 4, 8, 16, 32, 64, 128, 256].flatMap((batch) =>
    [0.01, 0.02, 0.04].map((lr) => syntheticRun({ id: `b${batch}-${lr}`, batch, lr, steps: 200 })),
  );
  for (const [, draw] of FIGURES.slice(0, 3)) {
    const { svg } = draw(many, { document });
    const [, , width, height] = elements(svg, "svg")[0]!.getAttribute("viewBox")!.split(" ").map(Number);
    const boxes = elements(svg, '[aria-label="labels"] text').map((text) => {
      const x = Number(text.getAttribute("x"));
      return {
        x,
        y: Number(text.getAttribute("y")),
        right: x + textWidth(text.firstChild!.textContent!, 11),
      };
    });
    expect(boxes.length).toBeGreaterThanOrEqual(24);
    for (const box of boxes) {
      expect(box.right).toBeLessThanOrEqual(width!);
      expect(box.y).toBeGreaterThan(10);
      expect(box.y).toBeLessThan(height! - 10);
    }
    const heights = boxes.map((box) => box.y).sort((a, b) => a - b);
    for (const [i, y] of heights.entries())
      if (i > 0) expect(y - heights[i - 1]!).toBeGreaterThanOrEqual(13.9);
  }
});

const bare = (id: string, extra: Partial<RunRecord> = {}): RunRecord => ({
  id,
  config: {},
  summary: null,
  steps: [],
  measurements: [],
  marks: [],
  ...extra,
});
const measured = (step: number, value: number | null): MeasurementEvent => ({
  type: "measurement",
  step,
  point: "iterate",
  loss: value,
  sharpness: value,
  eigenvalues: [value],
  accuracy: value,
});
const HARD: readonly (readonly [string, readonly RunRecord[]])[] = [
  ["no records", []],
  ["a record without events", [bare("a")]],
  ["one point", [bare("a", { measurements: [measured(5, 0.5)] })]],
  ["one point at step 0", [bare("a", { measurements: [measured(0, 0)] })]],
  [
    "nothing but null",
    [
      bare("a", {
        measurements: [measured(1, null), measured(2, null)],
        steps: [{ type: "step", step: 1, loss: null }],
      }),
    ],
  ],
  [
    "NaN and infinity",
    [bare("a", { measurements: [measured(1, Number.NaN), measured(2, Number.POSITIVE_INFINITY)] })],
  ],
  [
    "values at the ends of float64",
    [bare("a", { measurements: [measured(1, 5e-324), measured(2, 1.7e308), measured(3, 1)] })],
  ],
  ["negative values", [bare("a", { measurements: [measured(1, -3), measured(2, -1)] })]],
  ["constants", [bare("a", { measurements: [measured(1, 2), measured(9, 2)] })]],
  [
    "no threshold beside one",
    [bare("a", { measurements: [measured(1, 2), measured(9, 3)] }), syntheticRun({ id: "b", steps: 50 })],
  ],
  [
    "markup everywhere",
    [
      bare(`<i>"'&`, {
        config: { name: "</svg><script>x</script>", seed: "]]>" },
        measurements: [measured(1, 1)],
      }),
      bare("\u0000", { config: { name: "\uFFFE" }, measurements: [measured(1, 2)] }),
    ],
  ],
  [
    "very long values",
    [1, 2].map((i) =>
      bare(`${i}`, { config: { net: { file: `${"x".repeat(5000)}${i}` } }, measurements: [measured(1, i)] }),
    ),
  ],
];

test.each(
  HARD.flatMap(([what, records]) => FIGURES.map(([name, draw]) => [what, name, records, draw] as const)),
)("%s: %s is a valid image", (_, name, records, draw) => {
  const figure = draw(records, { document });
  expect(figure.name).toBe(name);
  expect(figure.svg).not.toMatch(/NaN|Infinity|undefined|<script/);
  expect(figure.svg.length).toBeLessThan(60_000);
  // The renderer's XML parser is strict, so this also checks that the file is well-formed.
  expect(svgToPng(figure.svg, { width: 320 }).length).toBeGreaterThan(500);
});

test("ten runs of 20,000 steps draw in under two seconds into under 600 kB", () => {
  const runs = Array.from({ length: 10 }, (_, i) =>
    syntheticRun({ id: `run-${i}`, batch: 2 ** (i + 1), steps: 20_000, every: 50, accuracy: true }),
  );
  for (const [, draw] of FIGURES) {
    // Processor time, not the clock: other tests run beside this one.
    const start = process.cpuUsage();
    const { svg } = draw(runs, { document });
    const used = process.cpuUsage(start);
    expect((used.user + used.system) / 1e6).toBeLessThan(2);
    expect(svg.length).toBeLessThan(600_000);
  }
});

test("a lone measurement far above the axis is left out, so that the PNG renderer survives it", () => {
  const run = syntheticRun({ id: "steady", lr: 0.01, batch: "full" });
  const wild = syntheticRun({ id: "wild", lr: 0.01, batch: 50 });
  const lone: RunRecord = {
    ...wild,
    measurements: [
      { type: "measurement", step: 0, point: "iterate", sharpness: 1e7 },
      { type: "measurement", step: 50, point: "iterate", sharpness: null },
      { type: "measurement", step: 100, point: "iterate", sharpness: 2e7 },
    ] satisfies MeasurementEvent[],
  };
  for (const figure of [sharpnessFigure, relativeSharpnessFigure]) {
    const { svg, rows } = figure([run, lone], { document });
    const offCanvas = elements(svg, "circle").filter((circle) => Number(circle.getAttribute("cy")) < 0);
    expect(offCanvas).toEqual([]);
    expect(svgToPng(svg).length).toBeGreaterThan(1000);
    expect(rows.filter((row) => row.run === "wild")).toHaveLength(3);
  }
});
