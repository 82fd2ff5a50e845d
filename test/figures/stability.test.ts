// Gallery: large steps with cross-entropy; and what must hold of the cells their curves are drawn from.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { driftFigure, largeStepLossFigure, passagesFigure } from "../../src/figures/index.ts";
import type { LogSeries, LossGroup } from "../../src/figures/index.ts";
import { logCells } from "../../src/figures/stability/cells.ts";
import { randomStream } from "../../src/math/index.ts";
import { figure } from "./gallery.ts";

/** A loss of scale/t with spikes that grow rarer. */
function spiky(run: string, scale: number, noise: number, steps = 5000): LogSeries {
  const random = randomStream(3, run);
  const all = Array.from({ length: steps + 1 }, (_, step) => step);
  const logs = all.map(
    (step) =>
      Math.log(scale / (scale + step)) + noise * (random.uniform() < 0.1 ? 4 : 0.5) * random.uniform(),
  );
  return { run, steps: all, logs };
}

function group(lr: number, noise: number, bounded: boolean): LossGroup {
  const runs = [0, 1].map((seed) => spiky(`lr${lr}-s${seed}`, 200 / lr, noise));
  const bound = [1, 10, 100, 1000, 5000].map((step) => ({
    step,
    log: step < 10 ? null : Math.log((4000 / lr / step) * 3),
  }));
  return { label: `η = ${lr}`, runs, bound: bounded ? bound : [] };
}

figure("stability-loss", (document) =>
  largeStepLossFigure(
    {
      name: "loss",
      title: "Training loss with large steps",
      panels: [
        { title: "b = 1", groups: [group(1, 0.2, true), group(10, 0.5, true), group(100, 1, true)] },
        { title: "b = 32", groups: [group(1, 0, true), group(10, 0.02, true), group(100, 0.1, true)] },
      ],
      notes: ["synthetic data"],
    },
    { document },
  ),
);

figure("stability-loss-one-run", (document) =>
  largeStepLossFigure(
    {
      name: "loss",
      title: "Training loss with large steps",
      panels: [{ title: "b = 8", groups: [{ label: "η = 1", runs: [spiky("one", 50, 0.3)], bound: [] }] }],
      notes: [],
    },
    { document, width: 480, height: 300 },
  ),
);

figure("stability-drift", (document) => {
  const random = randomStream(5, "drift");
  const ratio = (scale: number): LogSeries => {
    const steps = Array.from({ length: 1000 }, (_, k) => 5 * k);
    return {
      run: "r",
      steps,
      logs: steps.map((step) => (scale * (random.normal() - 0.1)) / (1 + step / 40)),
    };
  };
  const span = { from: 1, to: 240 };
  return driftFigure(
    {
      name: "drift",
      title: "Expected loss after the next step",
      panels: [
        { title: "η = 100, b = 1", ratio: ratio(2), unsettled: { from: 1, to: 900 }, stable: null },
        { title: "η = 100, b = 8", ratio: ratio(0.5), unsettled: span, stable: { from: 2000, to: 5000 } },
        { title: "η = 100, b = 32", ratio: ratio(0.1), unsettled: null, stable: { from: 600, to: 5000 } },
      ],
      notes: ["synthetic data"],
    },
    { document },
  );
});

figure("stability-passages", (document) => {
  const random = randomStream(6, "passages");
  const many = (count: number, decades: number): number[] =>
    Array.from({ length: count }, () => Math.ceil(10 ** (decades * random.uniform())));
  return passagesFigure(
    {
      name: "passages",
      title: "Exits and returns",
      panels: [
        {
          title: "η = 100",
          groups: [
            { label: "b = 1", runs: 2, exits: many(60, 3.6), lengths: many(58, 1.6) },
            { label: "b = 8", runs: 2, exits: many(15, 3.6), lengths: many(15, 1.1) },
            { label: "b = 32", runs: 2, exits: [], lengths: [] },
          ],
        },
      ],
      notes: ["synthetic data"],
    },
    { document },
  );
});

test("cells cover every finite value of a positive step, and nothing else", () => {
  const value = fc.oneof(fc.double({ min: -800, max: 50, noNaN: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 60 }), { maxLength: 3 }), (runs) => {
      const series = runs.map((logs, i) => ({ run: `${i}`, steps: logs.map((_, step) => step), logs }));
      const cells = logCells(series, 10);
      const finite = runs.flatMap((logs) => logs.slice(1)).filter(Number.isFinite);
      expect(cells.length > 0).toBe(finite.length > 0);
      if (finite.length === 0) return;
      expect(Math.min(...cells.map(({ low }) => low))).toBe(Math.min(...finite));
      expect(Math.max(...cells.map(({ high }) => high))).toBe(Math.max(...finite));
      for (const [i, { step, low, mean, high }] of cells.entries()) {
        expect(step).toBeGreaterThan(i === 0 ? 0 : cells[i - 1]!.step);
        expect(mean).toBeGreaterThanOrEqual(low - 1e-9);
        expect(mean).toBeLessThanOrEqual(high + 1e-9);
      }
    }),
  );
});
