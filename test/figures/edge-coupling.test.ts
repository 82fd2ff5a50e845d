// Figures of edge coupling: a pitchfork with period doubling, a segment with both averages, and next to nothing.
import { expect, test } from "vitest";
import { headlessDocument } from "../../src/figures/headless.ts";
import { orbitBranchFigure, segmentFigure } from "../../src/figures/index.ts";
import { figure } from "./gallery.ts";

/** ½(w₁w₂ − 1)²: everything in closed form. */
const product = Array.from({ length: 12 }, (_, k) => {
  const lr = 1.02 + 0.0196 * k;
  const along = 9 - 2 * (1 + lr) ** 2;
  return {
    lr,
    amplitude: Math.sqrt((1 - 1 / lr) / 2),
    along,
    outermost: Math.max(Math.abs(along), Math.abs(3 - 2 * lr)),
  };
});

figure("orbit-branch", (document) =>
  orbitBranchFigure(
    {
      name: "branch",
      points: product,
      prediction: { eigenvalue: 2, coefficient: -4 },
      end: "doubles its period at η = 1.236",
    },
    { document },
  ),
);

figure("segment", (document) =>
  segmentFigure(
    {
      step: 40,
      samples: Array.from({ length: 22 }, (_, k) => ({
        tau: k / 21,
        curvature: 190 + 20 * Math.sin((3 * k) / 21),
      })),
      rBar: { value: 203.2, attainedAt: 0.241 },
      rTilde: { value: 199.6, attainedAt: 0.169 },
      threshold: 200,
      notes: ["gradient descent, full loss"],
    },
    { document },
  ),
);

test("a branch without points or prediction is an empty drawing, not a failure", () => {
  const drawn = orbitBranchFigure(
    { name: "branch", points: [], prediction: null, end: "is lost" },
    { document: headlessDocument() },
  );
  expect(drawn.svg).toContain("No finite values to draw.");
  expect(drawn.rows).toEqual([]);
});

test("every value drawn is in the rows, both points of the orbit included", () => {
  const drawn = orbitBranchFigure(
    { name: "branch", points: product, prediction: null, end: "exists" },
    { document: headlessDocument() },
  );
  const arm = drawn.rows.filter(({ series }) => series === "half-amplitude");
  expect(arm.map(({ x, y }) => [x, y])).toEqual(product.map(({ lr, amplitude }) => [lr, amplitude]));
  const other = drawn.rows.filter(({ series }) => series === "half-amplitude, other point");
  expect(other.map(({ y }) => y)).toEqual(product.map(({ amplitude }) => -amplitude));
});
