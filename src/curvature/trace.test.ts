// Hutchinson's estimators: exact cases, oracle networks, and standard errors against the known variance.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cpuBackend, ORACLE_NETS, oracleObjective } from "../../test/oracle-networks.ts";
import type { Vector } from "../math/index.ts";
import type { LinearOperator } from "./operator.ts";
import { hutchinson } from "./trace.ts";

function denseOperator(rows: readonly (readonly number[])[]): LinearOperator {
  const apply = (v: Vector, out: Vector): Promise<void> => {
    rows.forEach((row, i) => {
      out[i] = row.reduce((total, x, j) => total + x * v[j]!, 0);
    });
    return Promise.resolve();
  };
  return { size: rows.length, dtype: "float64", apply };
}

const backend = cpuBackend();

describe.each(Object.keys(ORACLE_NETS))("%s", (name) => {
  it("finds the oracle's trace and Frobenius norm within four standard errors", async () => {
    const file = new URL(`../../test/oracles/${name}.json`, import.meta.url);
    const { trace_H, frob2_H } = JSON.parse(readFileSync(file, "utf8")) as {
      trace_H: number;
      frob2_H: number;
    };
    const { objective, theta } = oracleObjective(name, "float64", backend);
    const found = await hutchinson(await objective.hessian(theta), { stop: { samples: 400 }, seed: 1 });
    expect(Math.abs(found.trace.mean - trace_H)).toBeLessThan(4 * found.trace.stderr);
    expect(Math.abs(found.frobeniusSquared.mean - frob2_H)).toBeLessThan(4 * found.frobeniusSquared.stderr);
    // Not trivially: the errors are a few percent.
    expect(found.frobeniusSquared.stderr / frob2_H).toBeLessThan(0.1);
    expect(found).toMatchObject({ probes: 400, certified: false });
    await objective.dispose();
  });
});

it("is exact for diagonal operators, so it stops at the minimum", async () => {
  const diagonal = Array.from({ length: 70 }, (_, i) =>
    Array.from({ length: 70 }, (_unused, j) => (i === j ? i - 10 : 0)),
  );
  const found = await hutchinson(denseOperator(diagonal), { stop: { relative: 1e-6, min: 4 } });
  expect(found.trace).toEqual({ mean: 35 * 69 - 700, stderr: 0 });
  expect(found.frobeniusSquared.mean).toBe(diagonal.reduce((total, row, i) => total + row[i]! ** 2, 0));
  expect(found).toMatchObject({ probes: 4, certified: true });
});

it("has the variance 2(‖A‖² − Σ Aᵢᵢ²), which its standard error reports", async () => {
  const size = 40;
  const rows = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_unused, j) => Math.cos(3 * (i + 1) * (j + 1)) + (i === j ? 2 : 0)),
  );
  const trace = rows.reduce((total, row, i) => total + row[i]!, 0);
  const offDiagonal =
    rows.flat().reduce((total, x) => total + x * x, 0) - rows.reduce((t, row, i) => t + row[i]! ** 2, 0);
  const operator = denseOperator(rows);
  let chi = 0;
  const repeats = 200;
  for (let seed = 0; seed < repeats; seed++) {
    const { trace: found } = await hutchinson(operator, { stop: { samples: 50 }, seed });
    chi += ((found.mean - trace) / found.stderr) ** 2;
    if (seed < 20) expect(Math.abs(found.stderr / Math.sqrt((2 * offDiagonal) / 50) - 1)).toBeLessThan(0.45);
  }
  expect(Math.abs(chi / repeats - 49 / 47)).toBeLessThan(0.4);
});

it("certifies the trace it returns, or gives up", async () => {
  const operator = denseOperator([
    [2, 1, 0.5],
    [1, 3, -1],
    [0.5, -1, 1],
  ]);
  const found = await hutchinson(operator, { stop: { relative: 0.02 }, seed: 5 });
  expect(found.certified).toBe(true);
  expect(found.trace.stderr).toBeLessThanOrEqual(0.02 * found.trace.mean);
  expect(await hutchinson(operator, { stop: { relative: 0.02 }, seed: 5 })).toEqual(found);
  const hopeless = await hutchinson(operator, { stop: { relative: 1e-9, max: 12 } });
  expect(hopeless).toMatchObject({ probes: 12, certified: false });
});

it("stops at the first product that is not finite", async () => {
  const found = await hutchinson(denseOperator([[Number.NaN]]), { stop: { samples: 30 } });
  expect(found).toMatchObject({ probes: 1, certified: false, trace: { mean: Number.NaN } });
});

it("works in the buffers it is given, whatever they hold, with the same result; others are refused", async () => {
  const operator = denseOperator([
    [2, 1],
    [1, 3],
  ]);
  const plain = await hutchinson(operator, { stop: { samples: 20 } });
  const buffers = [new Float64Array([NaN, 7]), new Float64Array([1, NaN])] as const;
  const seen = new Set<Vector>();
  const watched: LinearOperator = {
    ...operator,
    apply: (v, out) => {
      seen.add(v).add(out);
      return operator.apply(v, out);
    },
  };
  expect(await hutchinson(watched, { stop: { samples: 20 }, buffers })).toEqual(plain);
  expect([...seen]).toEqual([...buffers]);
  const wrong = [new Float64Array(2), new Float64Array(3)] as const;
  await expect(hutchinson(operator, { buffers: wrong })).rejects.toThrow(/do not fit the operator/);
});
