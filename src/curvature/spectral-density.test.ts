// Lanczos quadrature against operators whose spectrum is known.
import { expect, it } from "vitest";
import type { LinearOperator } from "./operator.ts";
import { lanczosQuadrature } from "./spectral-density.ts";

function diagonal(values: readonly number[]): LinearOperator {
  return {
    size: values.length,
    dtype: "float64",
    apply: async (v, out) => {
      values.forEach((value, i) => {
        out[i] = value * v[i]!;
      });
    },
  };
}

it("has the moments of the spectrum: random signs see a diagonal operator exactly", async () => {
  const values = Array.from({ length: 40 }, (_, i) => Math.sin(3 * i) * 5);
  const { nodes, weights } = await lanczosQuadrature(diagonal(values), { steps: 10, probes: 3, seed: 1 });
  for (const power of [0, 1, 2, 3, 8]) {
    const moment = values.reduce((total, value) => total + value ** power, 0) / values.length;
    const found = nodes.reduce((total, node, k) => total + weights[k]! * node ** power, 0);
    expect(found).toBeCloseTo(moment, 6);
  }
});

it("stops where the subspace closes", async () => {
  const { nodes, weights } = await lanczosQuadrature(diagonal([2, 2, 2, -1]), {
    steps: 4,
    probes: 1,
    seed: 0,
  });
  expect([...nodes]).toEqual([2, -1].map((value) => expect.closeTo(value, 12)));
  expect([...weights]).toEqual([0.75, 0.25].map((value) => expect.closeTo(value, 12)));
});

it("refuses counts that are none and products that are not finite", async () => {
  await expect(lanczosQuadrature(diagonal([1]), { steps: 0, probes: 1, seed: 0 })).rejects.toThrow("steps");
  await expect(lanczosQuadrature(diagonal([NaN]), { steps: 1, probes: 1, seed: 0 })).rejects.toThrow(
    "finite",
  );
});
