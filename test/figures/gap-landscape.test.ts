// Gallery: the loss landscape along a run, raw and smoothed.
import { landscapeFigure } from "../../src/figures/index.ts";
import type { SeriesRun } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { plateauRun } from "./gap-data.ts";

figure("gap-landscape", (document) => {
  const smooth = { window: 11, order: 3 };
  const run = plateauRun("b200", 204, { sd: 3 });
  const map = (value: (v: number, i: number) => number): SeriesRun => ({
    ...run,
    values: run.values.map((v, i) => value(v!, i)),
  });
  const panel = (
    yLabel: string,
    series: SeriesRun,
    extra: { readonly logY?: boolean; readonly zeroLine?: boolean } = {},
  ): Parameters<typeof landscapeFigure>[0]["panels"][number] => ({
    yLabel,
    series: [{ label: "", run: series }],
    references: yLabel.startsWith("S") ? [{ value: 200, label: "2/η = 200" }] : [],
    smooth,
    ...extra,
  });
  return landscapeFigure(
    {
      name: "gap-landscape",
      title: "Loss landscape at b = 200",
      panels: [
        panel("S", run),
        panel(
          "β = ‖∇S⊥‖²",
          map((v) => 20 * v ** 2),
          { logY: true },
        ),
        // Of both signs, with one wild value.
        panel(
          "α",
          map((v, i) => (i === 30 ? 4_000 : 20 + 10 * (v - 204))),
          { zeroLine: true },
        ),
      ],
      notes: ["synthetic data"],
    },
    { document },
  );
});
