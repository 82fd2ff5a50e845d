// Gallery: the accuracy figure.
import { accuracyFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { headlineRuns, syntheticRun } from "./synthetic.ts";

figure("accuracy-headline", (document) => accuracyFigure(headlineRuns({ accuracy: true }), { document }));

figure("accuracy-one-run", (document) =>
  accuracyFigure([syntheticRun({ id: "gd", accuracy: true })], { document, width: 480, height: 300 }),
);
