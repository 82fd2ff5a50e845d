// Gallery: sharpness over training, groups of runs averaged over seeds.
import { trajectoriesFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { plateauRun, sharpnessGroups } from "./gap-data.ts";

figure("gap-trajectories", (document) => {
  const references = [{ value: 200, label: "2/η = 200" }];
  return trajectoriesFigure(
    {
      name: "gap-trajectories",
      title: "Sharpness over training",
      panels: [
        { title: "A: three seeds", yLabel: "λ_max", groups: sharpnessGroups(), references },
        {
          title: "B: one run each",
          yLabel: "λ_max",
          groups: [
            { label: "GD", kind: "gd", runs: [plateauRun("gd", 202, { steps: 4000 })] },
            { label: "b = 50", kind: "sgd", runs: [plateauRun("b50", 131)] },
          ],
          references,
        },
      ],
      notes: ["synthetic data"],
    },
    { document },
  );
});
