// Gallery: sharpness ÷ threshold.
import { relativeSharpnessFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";
import { syntheticRun } from "./synthetic.ts";

figure("relative-sharpness-learning-rates", (document) =>
  relativeSharpnessFigure(
    [0.005, 0.01, 0.02, 0.04].map((lr) => syntheticRun({ id: `lr-${lr}`, lr })),
    { document },
  ),
);

figure("relative-sharpness-many", (document) =>
  relativeSharpnessFigure(
    [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].flatMap((batch) =>
      [0.01, 0.02].map((lr) => syntheticRun({ id: `b${batch}-${lr}`, batch, lr, steps: 600 })),
    ),
    { document },
  ),
);
