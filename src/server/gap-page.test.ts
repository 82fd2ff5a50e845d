// The page of gaps over made-up runs whose gaps are known: families, groups, fits, and what is left out with a reason.
import { expect, test } from "vitest";
import { level, madeRun } from "../../test/gap-runs.ts";
import type { RunRecord } from "../record/index.ts";
import { gapPage } from "./gap-page.ts";

/** Gap 1000/b to gradient descent at 2/η = 200. */
function sweep(
  config: Readonly<Record<string, unknown>> = {},
  seeds: readonly number[] = [0, 1],
): RunRecord[] {
  return seeds.flatMap((seed) => [
    madeRun({ batch: "full", seed, sharpness: level(200), config }),
    ...[50, 100, 200].map((batch) => madeRun({ batch, seed, sharpness: level(200 - 1000 / batch), config })),
  ]);
}

test("one problem is one family, with gaps over seeds and their power law", () => {
  const { families, left } = gapPage(sweep());
  expect(left).toEqual([]);
  expect(families).toHaveLength(1);
  const [family] = families;
  expect(family).toMatchObject({ title: "mlp on cifar10, mse", n: 5000 });
  expect(family!.runs).toHaveLength(8);
  expect(family!.groups.map(({ batch }) => batch)).toEqual([50, 100, 200, "full"]);
  expect(family!.groups[0]!.gapPaired.mean).toBeCloseTo(20, 10);
  expect(family!.groups[0]!.gapPaired).toMatchObject({ count: 2, sd: 0 });
  expect(family!.groups[0]!.gapPaired.runs).toHaveLength(2);
  const fit = family!.fits.find(({ kind, over }) => kind === "paired" && over === "batch")!;
  expect(fit.fixed).toBe("optimizer.lr = 0.01");
  expect(fit.exponent).toBeCloseTo(-1, 10);
  expect(fit.points.map(({ x }) => x)).toEqual([50, 100, 200]);
  for (const { x, y, low, high } of fit.curve) {
    expect(y).toBeCloseTo(1000 / x, 8);
    expect(low).toBeLessThanOrEqual(y);
    expect(high).toBeGreaterThanOrEqual(y);
  }
  expect(fit.ofGaps?.exponent).toBeCloseTo(-1, 7);
  for (const { x, y } of fit.ofGaps!.curve) expect(y).toBeCloseTo(1000 / x, 6);
  expect(JSON.parse(JSON.stringify(family))).toEqual(family);
});

test("problems that differ are families apart, named by what differs", () => {
  const { families } = gapPage([...sweep(), ...sweep({ loss: "ce" })]);
  expect(families.map(({ title }) => title)).toEqual([
    expect.stringMatching(/^mlp on cifar10, mse: .*mse/),
    expect.stringMatching(/^mlp on cifar10, ce: .*ce/),
  ]);
});

test("gradient descent stands beside the runs of every sampling", () => {
  const gd = madeRun({ batch: "full", sharpness: level(200) });
  const of = (sampling: "shuffle" | "with"): RunRecord[] =>
    [50, 100].map((batch) => {
      const run = madeRun({ batch, sampling, sharpness: level(200 - 1000 / batch) });
      return Object.assign(run, { id: `${run.id}-${sampling}` });
    });
  const { families, left } = gapPage([gd, ...of("shuffle"), ...of("with")]);
  expect(left).toEqual([]);
  expect(families.map(({ runs }) => runs.includes(gd.id))).toEqual([true, true]);
});

test("what cannot be used is named with the reason", () => {
  const bad = { ...madeRun({ batch: 50, sharpness: level(1) }), id: "bad", config: { steps: "many" } };
  const alone = madeRun({ batch: "full", sharpness: level(200), config: { loss: "ce" } });
  const twice = madeRun({ batch: 50, sharpness: level(180) });
  const again = { ...twice, id: "again" };
  const running = madeRun({ batch: 100, seed: 1, sharpness: level(180), status: "running" });
  const { families, left } = gapPage([bad, { ...alone, id: "alone" }, twice, again, running]);
  expect(left).toEqual([
    { run: "bad", reason: expect.stringContaining("steps") },
    { run: "alone", reason: "no mini-batch runs to compare it with" },
    { run: twice.id, reason: "repeated by a later run with the same seed" },
  ]);
  expect(families[0]!.runs).toEqual(["again", running.id]);
  const unsettled = families[0]!.groups.flatMap((group) => group.unsettled);
  expect(unsettled).toContainEqual({ run: running.id, reason: "running at step 123 of 400" });
});

test("no runs are no families", () => {
  expect(gapPage([])).toEqual({ families: [], left: [] });
});
