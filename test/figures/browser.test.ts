// Drawing libraries look for a browser when they load; the files drawn there must be the committed ones to the byte.
import { expect, vi } from "vitest";

// Before any import below is evaluated: a window with a screen of ordinary resolution.
vi.hoisted(() => {
  Object.assign(globalThis, { window: { devicePixelRatio: 1 } });
});

import { lossFigure, sharpnessFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

expect(globalThis.window.devicePixelRatio).toBe(1);

figure("sharpness-headline", (document) => sharpnessFigure(headlineRuns(), { document }));

figure("sharpness-diverged", (document) =>
  sharpnessFigure([...headlineRuns().slice(0, 2), syntheticRun({ id: "boom", lr: 0.05, divergesAt: 300 })], {
    document,
  }),
);

figure("loss-headline", (document) => lossFigure(headlineRuns(), { document }));
