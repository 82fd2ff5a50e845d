// Groups of runs: what they are grouped by, their means, and what does not enter them.
import { describe, expect, it } from "vitest";
import { InputError } from "../../math/index.ts";
import type { RunRecord } from "../../record/index.ts";
import { differingKeys } from "../../figures/index.ts";
import { type ComparedRun, gapToGd, groupRuns, groupTable } from "./groups.ts";

function run(
  batch: number | "full",
  seed: number,
  sharpness: number | null,
  status = "finished",
  lr = 0.01,
): ComparedRun {
  return {
    id: `b${batch}-s${seed}-lr${lr}`,
    config: {
      name: `gap-b${batch}-s${seed}`,
      seed,
      data: { name: "chebyshev" },
      optimizer: { name: "sgd", lr, batch },
      report: seed === 0,
    },
    status,
    metrics: { sharpness },
  };
}

function record({ id, config, status, metrics }: ComparedRun): RunRecord {
  const summary = { status, threshold: 200, equilibriumSharpness: metrics["sharpness"] ?? null };
  const partial = { id, config, summary, steps: [], measurements: [], marks: [] };
  return partial as unknown as RunRecord;
}

describe("groupRuns", () => {
  it("groups over seeds, whatever the name, in order of appearance", () => {
    const { keys, groups, mixed } = groupRuns(
      [run(50, 0, 150), run("full", 0, 200), run(50, 1, 154), run("full", 1, 202), run(50, 2, 158)],
      ["sharpness"],
    );
    expect([keys, mixed]).toEqual([["optimizer.batch"], []]);
    expect(groups.map(({ label, values }) => [label, values])).toEqual([
      ["batch 50", { "optimizer.batch": "50" }],
      ["full batch", { "optimizer.batch": "full" }],
    ]);
    expect(groups[0]!.metrics["sharpness"]).toEqual({ n: 3, mean: 154, sd: 4, stderr: 4 / Math.sqrt(3) });
    expect(groups[1]!.runs).toEqual(["bfull-s0-lr0.01", "bfull-s1-lr0.01"]);
  });

  it("leaves diverged, failed and unfinished runs out of the mean and lists them", () => {
    const { groups } = groupRuns(
      [run(50, 0, 150), run(50, 1, 1e9, "diverged"), run(50, 2, null), run(50, 3, 1, "interrupted")],
      ["sharpness"],
    );
    expect(groups[0]!.metrics["sharpness"]).toMatchObject({ n: 1, mean: 150, sd: null });
    expect(groups[0]!.excluded.map(({ status }) => status)).toEqual(["diverged", "interrupted"]);
    expect(groupTable({ keys: [], groups, mixed: [] }, [{ name: "sharpness", title: "S" }])).toMatch(
      /2 of 4 +150\.0$/m,
    );
  });

  it("groups by settings or whole sections, and says what else differs inside", () => {
    const runs = [run(50, 0, 1), run(100, 0, 3), run(50, 0, 5, "finished", 0.02)];
    const byLr = groupRuns(runs, ["sharpness"], ["optimizer.lr"]);
    expect(byLr.groups.map(({ label, metrics }) => [label, metrics["sharpness"]!.mean])).toEqual([
      ["optimizer.lr=0.01", 2],
      ["optimizer.lr=0.02", 5],
    ]);
    expect(byLr.mixed).toEqual(["optimizer.batch"]);
    expect(groupRuns(runs, ["sharpness"], ["optimizer"]).groups).toHaveLength(3);
    expect(() => groupRuns(runs, ["sharpness"], ["optimizer.rl"])).toThrow(InputError);
  });

  it("is empty for no runs, and one group of the experiment's name for one", () => {
    expect(groupRuns([], ["sharpness"]).groups).toEqual([]);
    expect(groupRuns([run(50, 0, 1)], ["sharpness"]).groups[0]!.label).toBe("gap-b50-s0");
  });
});

it("keys that differ leave out names, and seeds unless asked for", () => {
  const configs = [run(50, 0, 1), run(100, 1, 1)].map(({ config }) => config);
  expect(differingKeys(configs, false)).toEqual(["optimizer.batch"]);
  expect(differingKeys(configs, true)).toEqual(["seed", "optimizer.batch"]);
});

describe("gapToGd", () => {
  it("is against the full-batch run of the same seed and learning rate that finished", () => {
    const [small, gd0, gd1, otherLr, diverged] = [
      run(50, 1, 150),
      run("full", 0, 200),
      run("full", 1, 204),
      run(50, 1, 150, "finished", 0.02),
      run("full", 1, 1e9, "diverged", 0.02),
    ].map((one) => record(one));
    const all = [small!, gd0!, gd1!, otherLr!, diverged!];
    expect(gapToGd(small!, all)).toBe(54);
    expect(gapToGd(small!, [small!, gd0!])).toBe(50);
    expect(gapToGd(gd0!, all)).toBeUndefined();
    expect(gapToGd(otherLr!, all)).toBeUndefined();
  });
});
