// File names of a run, and the readers of summary.json and provenance.json.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import type { RunSummary } from "./events.ts";
import { parseProvenance } from "./provenance.ts";
import { checkpointName, checkpointStep, parseSummary } from "./run-files.ts";

it("checkpoint names sort by step and give it back", () => {
  fc.assert(
    fc.property(fc.nat({ max: 99_999_999 }), fc.nat({ max: 99_999_999 }), (a, b) => {
      expect(checkpointStep(checkpointName(a))).toBe(a);
      expect(checkpointName(a) < checkpointName(b)).toBe(a < b);
    }),
  );
  for (const name of [".step-00000001.safetensors.tmp", "step-1.npz", "step-x.safetensors", "1"]) {
    expect(checkpointStep(name)).toBeNull();
  }
});

it("a summary is read back, and anything else refused with the file's name", () => {
  const summary: RunSummary = {
    version: 1,
    status: "finished",
    step: 3,
    steps: 3,
    loss: 0.5,
    sharpness: null,
    threshold: 200,
    equilibriumSharpness: null,
    equilibriumSd: null,
    equilibriumRecords: 0,
    seconds: 1,
  };
  expect(parseSummary(JSON.stringify(summary), "s")).toEqual(summary);
  for (const bad of ["", "{", "null", "[]", JSON.stringify({ ...summary, version: 2 })]) {
    expect(() => parseSummary(bad, "run/summary.json")).toThrow(/run\/summary\.json/);
  }
  const wrong = JSON.stringify({ ...summary, status: "asleep" });
  expect(() => parseSummary(wrong, "s")).toThrow(InputError);
});

it("damaged provenance is absent, not an error", () => {
  for (const bad of ["", "{", "null", '{"version":2,"sessions":[]}', '{"version":1}']) {
    expect(parseProvenance(bad)).toBeNull();
  }
  expect(parseProvenance('{"version":1,"sessions":[]}')).toMatchObject({ version: 1 });
});
