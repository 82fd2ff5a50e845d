// Gallery: the loss figure.
import { lossFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

figure("loss-headline", (document) => lossFigure(headlineRuns(), { document }));

figure("loss-one-run", (document) => lossFigure([syntheticRun({ id: "sgd", batch: 50 })], { document }));

figure("loss-diverged", (document) =>
  lossFigure([syntheticRun({ id: "a" }), syntheticRun({ id: "b", lr: 0.05, divergesAt: 300 })], { document }),
);

figure("loss-seeds", (document) =>
  lossFigure(
    [0, 1, 2, 3].map((seed) =>
      syntheticRun({
        id: `s${seed}`,
        batch: 10,
        seed,
        every: 25,
        ...(seed === 3 ? { divergesAt: 220 } : {}),
      }),
    ),
    { document, x: "time" },
  ),
);
