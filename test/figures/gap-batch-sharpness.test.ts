// Gallery: full-batch and batch sharpness over training and at equilibrium.
import { batchSharpnessFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { plateauRun } from "./gap-data.ts";

figure("gap-batch-sharpness", (document) =>
  batchSharpnessFigure(
    {
      name: "gap-batch-sharpness",
      title: "Batch sharpness",
      columns: [100, 500, 2000].map((b) => ({
        label: `b = ${b}`,
        sharpness: plateauRun(`full-${b}`, 207 - 700 / b),
        batchSharpness: plateauRun(`batch-${b}`, 205 - 2200 / b, { sd: 6 }),
        window: 9,
        equilibriumFrom: 3500,
      })),
      references: [{ value: 200, label: "2/η = 200" }],
      notes: ["synthetic data"],
    },
    { document },
  ),
);
