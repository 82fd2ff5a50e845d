// Names and values of series, and their binary block there and back.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { MeasurementEvent, RunEvent } from "./events.ts";
import { serialiseSafetensors } from "./safetensors.ts";
import { decodeSeries, encodeSeries, type Series, seriesOf } from "./series.ts";

const named = (event: RunEvent): Record<string, number> => Object.fromEntries(seriesOf(event));

test("a step gives its loss, NaN where it was not finite", () => {
  expect(named({ type: "step", step: 3, loss: 0.5 })).toEqual({ "step loss": 0.5 });
  expect(named({ type: "step", step: 3, loss: null })).toEqual({ "step loss": Number.NaN });
  expect(named({ type: "mark", step: 3, kind: "onset", message: "" })).toEqual({});
});

test("a measurement gives every number it holds, under the name it has in the file", () => {
  const event = {
    type: "measurement",
    step: 8,
    point: "midpoint",
    sharpness: 12,
    alpha: null,
    eigenvalues: [12, null],
    converged: true,
    noiseVariance: { with: { "50": 0.25 }, without: {}, shuffle: {} },
    batchSharpness: {
      "50": { mean: 9, stderr: 1, batches: 30, certified: false, sampling: "with", ratioOfMeans: null },
    },
    assumptions: [{ name: "lambda2", holds: false, value: 1.5, limit: 1, message: "too large" }],
  } satisfies MeasurementEvent;
  expect(named(event)).toEqual({
    "midpoint sharpness": 12,
    "midpoint alpha": Number.NaN,
    "midpoint eigenvalues.0": 12,
    "midpoint eigenvalues.1": Number.NaN,
    "midpoint converged": 1,
    "midpoint noiseVariance.with.50": 0.25,
    "midpoint batchSharpness.50.mean": 9,
    "midpoint batchSharpness.50.stderr": 1,
    "midpoint batchSharpness.50.batches": 30,
    "midpoint batchSharpness.50.certified": 0,
    "midpoint batchSharpness.50.ratioOfMeans": Number.NaN,
    "midpoint assumptions.lambda2.holds": 0,
    "midpoint assumptions.lambda2.value": 1.5,
    "midpoint assumptions.lambda2.limit": 1,
  });
});

test("a Rayleigh quotient is not a sharpness", () => {
  const event = { type: "measurement", step: 1, point: "iterate", sharpness: 3, rayleigh: true } as const;
  expect(named(event)).toEqual({ "iterate rayleigh": 3 });
});

test("a block comes back as it was, to the bit", () => {
  const column = fc.array(fc.double(), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), column),
      fc.option(fc.string()),
      fc.string(),
      (data, from, cursor) => {
        const series = new Map<string, Series>(
          Object.entries(data).map(([name, values]) => [
            name,
            { steps: Float64Array.from(values, (_, i) => i), values: Float64Array.from(values) },
          ]),
        );
        expect(decodeSeries(encodeSeries({ series, from, cursor }), "x")).toEqual({ series, from, cursor });
      },
    ),
    { numRuns: 30 },
  );
});

test("other tensor files are refused", () => {
  const values = { shape: [1], data: new Float64Array(1) };
  const file = (tensors: [string, typeof values][], metadata = {}): Uint8Array =>
    serialiseSafetensors({ tensors: new Map(tensors), metadata });
  expect(() => decodeSeries(file([["w", values]]), "x")).toThrow("no cursor");
  expect(() => decodeSeries(file([["loss/steps", values]], { cursor: "1" }), "x")).toThrow("loss");
  expect(() => decodeSeries(new Uint8Array(3), "x")).toThrow("truncated");
});
