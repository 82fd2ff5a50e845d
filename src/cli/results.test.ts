// Rows, table and exit code of training commands.
import { describe, expect, it } from "vitest";
import type { RunSummary } from "../record/index.ts";
import { exitCodeOf, resultOf, resultTable } from "./results.ts";

const summary: RunSummary = {
  version: 1,
  status: "finished",
  step: 100,
  steps: 100,
  loss: 0.0123,
  sharpness: 181,
  threshold: 200,
  equilibriumSharpness: 178.25,
  equilibriumSd: 2.5,
  equilibriumRecords: 20,
  seconds: 12,
};

describe("results", () => {
  it("computes the gap below the threshold", () => {
    expect(resultOf("gap-b50-1a2b", "b50", "runs/gap-b50-1a2b", summary)).toMatchObject({
      gap: 21.75,
      threshold: 200,
      run: "gap-b50-1a2b",
      name: "b50",
    });
  });

  it("carries the error of the mean and the verdict on the edge", () => {
    const edge = { verdict: "at the edge", sentence: "At the edge: …", onset: 40, ratio: 0.99 } as const;
    const row = resultOf("x", "b50", "runs/x", { ...summary, equilibriumStderr: 0.5, edge });
    expect(row).toMatchObject({ equilibriumStderr: 0.5, edge });
    expect(resultOf("x", "b50", "runs/x", summary)).not.toHaveProperty("edge");
  });

  it("shows what was not measured as a dash, and why a run ended", () => {
    const diverged: RunSummary = {
      ...summary,
      status: "diverged",
      loss: null,
      equilibriumSharpness: null,
      equilibriumSd: null,
      message: "loss is not finite",
    };
    expect(
      resultTable([resultOf("x", "b50", "runs/x", summary), resultOf("y", "bad", "runs/y", diverged)]),
    ).toBe(
      [
        "run    S_eq ± sd    2/η    gap     loss  status",
        "b50  178.3 ± 2.5  200.0  21.75  0.01230  finished",
        "bad            –  200.0      –        –  diverged: loss is not finite",
        "",
      ].join("\n"),
    );
  });

  it("reports interruption before failure before divergence", () => {
    expect(exitCodeOf(["finished", "diverged", "failed", "interrupted"])).toBe(130);
    expect(exitCodeOf(["finished", "diverged", "failed"])).toBe(1);
    expect(exitCodeOf(["finished", "diverged"])).toBe(3);
    expect(exitCodeOf(["finished"])).toBe(0);
  });
});
