// The report: right numbers, one self-contained page, nothing from a configuration gets out of its place.
import { expect, test } from "vitest";
import { buildReport, reportFigures, summaryRows } from "../../src/figures/index.ts";
import { headlessDocument } from "../../src/figures/headless.ts";
import type { CouplingRecord, MeasurementEvent, RunRecord } from "../../src/record/index.ts";
import { writeReport } from "./gallery.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

const options = { document: headlessDocument(), title: "Test report" };

function page(text: string): Document {
  const document = headlessDocument();
  document.documentElement.innerHTML = text.slice(text.indexOf("<head>"), text.indexOf("</html>"));
  return document;
}

function withEquilibrium(record: RunRecord, value: number | null): RunRecord {
  return { ...record, summary: { ...record.summary!, equilibriumSharpness: value, equilibriumSd: 2.5 } };
}

test("gaps: to the threshold, and to the gradient-descent run of the same setting and seed", () => {
  const rows = summaryRows([
    withEquilibrium(syntheticRun({ id: "gd-0", steps: 50 }), 204),
    withEquilibrium(syntheticRun({ id: "gd-1", steps: 50, seed: 1 }), 206),
    withEquilibrium(syntheticRun({ id: "gd-other-lr", lr: 0.02, steps: 50 }), 101),
    withEquilibrium(syntheticRun({ id: "sgd-1", batch: 50, seed: 1, steps: 50 }), 180),
    withEquilibrium(syntheticRun({ id: "sgd-9", batch: 50, seed: 9, steps: 50 }), 181),
    withEquilibrium(
      syntheticRun({ id: "sgd-net", batch: 50, steps: 50, config: { net: { name: "cnn" } } }),
      150,
    ),
    withEquilibrium(syntheticRun({ id: "none", batch: 50, steps: 50 }), null),
  ]);
  const of = (id: string): (typeof rows)[number] => rows.find((row) => row.id === id)!;
  expect(of("sgd-1")).toMatchObject({ gap: 20, gapToGd: 26, gd: "gd-1", relative: 0.9, threshold: 200 });
  expect(of("sgd-9")).toMatchObject({ gapToGd: 23, gd: "gd-0" });
  expect(of("gd-0").gapToGd).toBeUndefined();
  expect(of("gd-0").gap).toBe(-4);
  expect(of("sgd-net").gapToGd).toBeUndefined();
  expect(of("none")).toMatchObject({ gap: undefined, relative: undefined, gapToGd: undefined });
});

test("without a summary the last events stand in", () => {
  const run: RunRecord = { ...syntheticRun({ id: "a", steps: 100, accuracy: true }), summary: null };
  const [row] = summaryRows([run]);
  expect(row).toMatchObject({
    status: "no summary",
    step: 100,
    steps: 100,
    threshold: 200,
    equilibrium: undefined,
  });
  expect(row!.loss).toBe(run.measurements.at(-1)!.loss);
  expect(row!.accuracy).toBe(run.measurements.at(-1)!.accuracy);
});

test("the page: table, figures, configuration, provenance, marks; every number links to its run", () => {
  const runs = headlineRuns({ accuracy: true });
  const report = buildReport(runs, {
    ...options,
    generatedAt: "2026-01-02",
    provenance: { gd: { version: "0.1.0", git: "abc123" } },
    runHref: (id) => `runs/${id}/`,
    fileHref: (name, kind) => `${name}.${kind}`,
  });
  const folder = process.env["BRINK_GALLERY"];
  if (folder !== undefined && folder !== "") writeReport(folder, report.html);
  expect(report.html).toMatch(/^<!doctype html>\s*<html lang="en">/);
  expect(report.figures.map((figure) => figure.name)).toEqual([
    "sharpness",
    "relative-sharpness",
    "loss",
    "accuracy",
  ]);
  for (const figure of report.figures) {
    expect(report.html).toContain(figure.svg);
    expect(figure.csv.split("\n").length).toBeGreaterThan(100);
  }
  const document = page(report.html);
  expect(document.querySelector("title")!.textContent).toBe("Test report");
  expect(document.querySelectorAll("thead th").length).toBe(
    document.querySelectorAll("tbody tr:first-child > *").length,
  );
  const cells = [...document.querySelectorAll("tbody tr")].map((tr) =>
    [...tr.children].map((td) => td.textContent.trim()),
  );
  expect(cells[2]!.slice(0, 3)).toEqual(["sgd-50", "sgd batch 50", "1,000"]);
  for (const tr of document.querySelectorAll("tbody tr")) {
    const id = tr.querySelector("th")!.textContent.trim();
    for (const td of tr.querySelectorAll("td:not(.text)")) {
      const target = td.querySelector("a")!.getAttribute("href")!.slice(1);
      expect(document.querySelector(`[id="${target}"] h3`)!.textContent).toBe(id);
    }
  }
  const gd = document.querySelector('[id="run-gd"]')!;
  expect(gd.textContent).toContain("step 571: onset");
  expect([...gd.querySelectorAll("pre")].map((pre) => pre.textContent)).toEqual([
    expect.stringContaining("optimizer:\n  name: gd\n  lr: 0.01"),
    expect.stringContaining("git: abc123"),
  ]);
  expect(
    [...document.querySelectorAll("svg")].every((svg) => (svg.getAttribute("aria-label") ?? "").length > 20),
  ).toBe(true);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.getAttribute("id"));
  expect(new Set(ids).size).toBe(ids.length);
});

/** Edge coupling of some steps but the last one. */
const SUMS: Omit<CouplingRecord, "last"> = {
  loss: "full",
  steps: 60,
  energy: 1,
  lossDrop: 0.5,
  weightedMean: 199,
  forcedMean: 199,
  largest: 230,
  largestStep: 12,
  firstAbove: 11,
  deficit: 2,
  excess: 1,
  windows: [],
  residuals: { telescoping: 0, balance: 0, forcing: 0, update: 0, nearPeriodicity: -1 },
};

/** A run with every quantity measured at both points, β only at midpoints. */
function measuredRun(
  id: string,
  batch: number | "full",
  more: Readonly<Record<string, unknown>> = {},
): RunRecord {
  const run = syntheticRun({ id, batch, steps: 100, every: 10, midpoints: false });
  const at = (point: MeasurementEvent["point"], sign: number) => (event: MeasurementEvent) => ({
    ...event,
    point,
    testLoss: 1,
    gradNorm: 0.5,
    alpha: sign * event.step,
    noiseVariance: { with: {}, without: {}, shuffle: { "1": 40, [String(batch)]: sign * event.step } },
    batchSharpness: {
      [String(batch)]: {
        mean: 150 + sign * event.step,
        stderr: 1,
        batches: 30,
        certified: false,
        sampling: "shuffle" as const,
        ratioOfMeans: null,
      },
    },
    ...(point === "midpoint" ? { beta: 7 } : { stepSharpness: 180 }),
  });
  const events = run.measurements;
  return {
    ...run,
    config: { ...run.config, measure: { point: "both" }, ...more },
    measurements: [...events.map(at("iterate", -1)), ...events.map(at("midpoint", 1))],
  };
}

test("figures of what else was measured: the theory's at midpoints, curvature along gradients at iterates", () => {
  const runs = [measuredRun("sgd", 50), syntheticRun({ id: "plain", steps: 100 })];
  const byName = new Map(reportFigures(runs, options).map((figure) => [figure.name, figure]));
  expect([...byName.keys()].slice(3)).toEqual([
    "test-loss",
    "grad-norm",
    "alpha",
    "beta",
    "noise-variance",
    "gradient-curvature",
  ]);
  const numbers = (name: string): (number | null)[] => byName.get(name)!.rows.map(({ y }) => y);
  const steps = Array.from({ length: 10 }, (_, i) => 10 * (i + 1));
  expect(numbers("alpha")).toEqual(steps);
  expect(numbers("noise-variance")).toEqual(steps);
  expect(numbers("beta")).toEqual(steps.map(() => 7));
  expect(numbers("gradient-curvature")).toEqual([
    ...steps.map((step) => 150 - step),
    ...steps.map(() => 180),
  ]);
  expect(byName.get("alpha")!.svg).toContain("α, at the midpoint");
  expect(byName.get("gradient-curvature")!.svg).toContain("2/η = 200");
  expect(byName.get("gradient-curvature")!.svg).not.toContain("at the midpoint");
  expect(buildReport(runs, options).html).toContain("Self-stabilisation");
});

test("edge coupling: the steps' own curvature, its mean, return and functional, wherever the rest is measured", () => {
  const run = syntheticRun({ id: "gd", steps: 60, every: 20 });
  const measurements = run.measurements.map((event) => ({
    ...event,
    coupling: {
      ...SUMS,
      last:
        event.step === 20
          ? null
          : {
              stepSquared: 1,
              coupling: -event.step,
              lossChange: 0,
              rBar: 210,
              rTilde: 190 + event.step / 10,
              proxy: 0,
              twoStepReturn: 0.15,
              updateResidual: 0,
            },
    },
  }));
  for (const point of ["iterate", "midpoint", "both"]) {
    const config = { ...run.config, measure: { point } };
    const figures = reportFigures([{ ...run, config, measurements }], options);
    const byName = new Map(figures.map((figure) => [figure.name, figure]));
    const rows = (name: string): (readonly [string, number | null])[] =>
      byName.get(name)!.rows.map(({ series, y }) => [series, y] as const);
    expect(rows("coupling-curvature")).toEqual([
      ["r̃", 194],
      ["r̃", 196],
      ["r̄", 210],
      ["r̄", 210],
    ]);
    expect(byName.get("coupling-curvature")!.svg).toContain("2/η = 200");
    expect(rows("coupling-mean").slice(0, 1)).toEqual([["weighted mean of r̃", 199]]);
    expect(rows("coupling-return").map(([, y]) => y)).toEqual([0.15, 0.15]);
    expect(rows("coupling").map(([, y]) => y)).toEqual([-40, -60]);
    for (const name of ["coupling-curvature", "coupling-return", "coupling"]) {
      expect(byName.get(name)!.svg).not.toContain("at the midpoint");
    }
  }
  const plain = reportFigures([run], options).map(({ name }) => name);
  expect(plain.filter((name) => name.startsWith("coupling"))).toEqual([]);
});

test("no figure for what nobody measured, nor the noise of gradient descent; one place when only that was measured", () => {
  const gd = buildReport([measuredRun("gd", "full")], options);
  const names = gd.figures.map(({ name }) => name);
  expect(names).toContain("alpha");
  const noNoise = measuredRun("gd", "full");
  const stripped = noNoise.measurements.map(({ noiseVariance: _, ...event }) => event);
  expect(
    reportFigures([{ ...noNoise, measurements: stripped }], options).map(({ name }) => name),
  ).not.toContain("noise-variance");
  const iterate = reportFigures([measuredRun("sgd", 50, { measure: { point: "iterate" } })], options);
  expect(iterate.map(({ name }) => name)).not.toContain("beta");
  expect(iterate.find(({ name }) => name === "alpha")!.svg).not.toContain("at the midpoint");
});

test("what a run found is said in its section: equilibrium, edge, means, failed assumptions, each once", () => {
  const base = syntheticRun({ id: "sgd", batch: 50, steps: 50 });
  const warning = "at 2 of 9 measured iterates: α = −1 is not positive.";
  const run: RunRecord = {
    ...base,
    summary: {
      ...base.summary!,
      equilibriumSharpness: 180.5,
      equilibriumSd: 2,
      equilibriumStderr: 0.75,
      equilibriumTau: 3.25,
      edge: { verdict: "at the edge", sentence: "At the edge: it is.", onset: 20, ratio: 0.9 },
      assumptions: { progressiveSharpening: { checked: 9, failed: 2, message: "α = −1 is not positive." } },
      measured: [{ quantity: "alpha", point: "iterate", n: 9, mean: 2, sd: 1, stderr: 0.5, tau: 1 }],
    },
    marks: [{ type: "mark", step: 50, kind: "warning", message: warning }],
  };
  const { html } = buildReport([run], options);
  const document = page(html);
  const cells = [...document.querySelectorAll("tbody td")].map((td) => td.textContent.trim());
  expect(cells).toEqual(expect.arrayContaining(["0.75", "3.3", "at the edge"]));
  const section = document.querySelector('[id="run-sgd"] dl')!;
  const texts = [...section.querySelectorAll("dd")].map((dd) => dd.textContent.trim());
  expect(texts).toEqual([
    expect.stringMatching(/^180\.5 ± 0\.75 \(standard error\), .*autocorrelation time 3\.3 solves/),
    "At the edge: it is.",
    "2.000 ± 0.50, progressive sharpening, mean over the last 9 iterates; positive at 7 of 9 in the whole run",
    warning,
  ]);
  expect(html.split(warning)).toHaveLength(2);
});

test("the page asks for nothing from anywhere", () => {
  const { html } = buildReport(headlineRuns(), options);
  const outside = html.replaceAll('xmlns="http://www.w3.org/2000/svg"', "");
  expect(outside).not.toMatch(/https?:|<script|<link|@import|src=|url\((?!#)/);
});

test("markup in ids, configurations, messages and titles stays text", () => {
  const evil = `"><img src=x onerror=alert(1)></pre></title></style><script>alert('x')</script>`;
  const run = syntheticRun({ id: evil, steps: 40, config: { name: evil, note: { [evil]: [evil] } } });
  const hostile: RunRecord = {
    ...run,
    summary: { ...run.summary!, status: "failed", message: evil },
    marks: [{ type: "mark", step: 3, kind: "warning", message: evil }],
  };
  const { html } = buildReport([hostile, syntheticRun({ id: "b", steps: 40 })], {
    ...options,
    title: evil,
    generatedAt: evil,
    provenance: { [evil]: { command: evil } },
    runHref: () => evil,
    fileHref: () => evil,
  });
  expect(html).not.toMatch(/<img|<script|onerror=alert\(1\)>/);
  expect(page(html).querySelector("h1")!.textContent).toBe(evil);
});

test.each([
  ["no runs", []],
  [
    "a run with nothing in it",
    [{ id: "x", config: {}, summary: null, steps: [], measurements: [], marks: [] }],
  ],
  ["a diverged run", [syntheticRun({ id: "d", divergesAt: 30, steps: 60 })]],
] satisfies [string, RunRecord[]][])("%s still makes a page", (_, records) => {
  const { html } = buildReport(records, options);
  expect(html).not.toMatch(/NaN|undefined|\[object/);
  expect(page(html).querySelectorAll("figure").length).toBe(3);
  if (records.some((record) => record.id === "d"))
    expect(html).toContain('<span class="bad">diverged</span>');
});
