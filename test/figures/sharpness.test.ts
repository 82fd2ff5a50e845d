// Gallery: the sharpness figure.
import { sharpnessFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

figure("sharpness-headline", (document) => sharpnessFigure(headlineRuns(), { document }));

figure("sharpness-one-run", (document) =>
  sharpnessFigure([syntheticRun({ id: "gd", eigenvalues: 3, midpoints: true })], { document }),
);

figure("sharpness-learning-rates", (document) =>
  sharpnessFigure(
    [0.01, 0.012, 0.02].map((lr) => syntheticRun({ id: `lr-${lr}`, lr })),
    { document, x: "time" },
  ),
);

figure("sharpness-diverged", (document) =>
  sharpnessFigure([...headlineRuns().slice(0, 2), syntheticRun({ id: "boom", lr: 0.05, divergesAt: 300 })], {
    document,
  }),
);

figure("sharpness-seeds", (document) =>
  sharpnessFigure(
    ["full" as const, 50].flatMap((batch) =>
      [0, 1, 2].map((seed) => syntheticRun({ id: `${batch}-${seed}`, batch, seed, every: 25 })),
    ),
    { document },
  ),
);

figure("sharpness-empty", (document) => sharpnessFigure([], { document }));
