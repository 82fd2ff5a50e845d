// The playground's controls: to an experiment and back, stories that are valid, curves that are cut, effective time.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../lab/index.ts";
import { parseYaml } from "../../lab/yaml-source.ts";
import { describeExperiment } from "../../web/describe.ts";
import { changed } from "../../web/settings.ts";
import { defaults, parseHash, printHash } from "../kit/properties.ts";
import { Column } from "./columns.ts";
import { marksOf, phaseSeries, placesOf, spectrumSeries } from "./curves.ts";
import { commandFor, differenceOf, experimentOf, forkChanges } from "./experiment.ts";
import { PLAYGROUND, type PlaygroundValues, shownControls } from "./properties.ts";
import { RunData } from "./run-data.ts";
import { STORIES } from "./story-list.ts";

const base: PlaygroundValues = defaults(PLAYGROUND);

function opened(run: RunData, threshold: number, from: { run: number; step: number } | null = null): RunData {
  run.opened = {
    run: run.id,
    config: {},
    parameters: 301,
    examples: 20,
    inputShape: [1],
    outputs: 1,
    threshold,
    notes: [],
    forkedFrom: from,
  };
  return run;
}

describe("controls", () => {
  it.each(STORIES.map((story) => [story.id, { ...base, ...story.values }] as const))(
    "%s is an experiment the command line takes, and survives the address",
    (_, values) => {
      const settings = experimentOf(values, null);
      const yaml = describeExperiment(settings);
      expect(resolveConfig(parseYaml(yaml, "test").value, "test")).toEqual(resolveConfig(settings, "test"));
      expect(parseHash(PLAYGROUND, printHash(PLAYGROUND, values))).toEqual({ values, problems: [] });
    },
  );

  it("shows each control once, and what has a meaning only", () => {
    for (const data of PLAYGROUND.data.choices) {
      for (const net of PLAYGROUND.net.choices) {
        const names = shownControls({ ...base, data, net }).flatMap((group) => group.names);
        expect(new Set(names).size).toBe(names.length);
        expect(names.includes("degree")).toBe(data === "chebyshev");
        expect(names.includes("channels")).toBe(net === "cnn");
      }
    }
  });

  it("asks for a dropped file in a sentence", () => {
    expect(() => experimentOf({ ...base, data: "file" }, null)).toThrow("Drop it on the page again");
    const dropped = { name: "cifar10", n: 1000, testN: 0 };
    expect(experimentOf({ ...base, data: "file", n: 500 }, dropped)["data"]).toMatchObject({
      name: "cifar10",
      n: 500,
    });
  });

  it("knows what can be forked", () => {
    expect(differenceOf(base, base)).toBe("same");
    expect(differenceOf({ ...base, x: "time", story: "" }, base)).toBe("same");
    expect(differenceOf({ ...base, lr: 0.3, every: 1 }, base)).toBe("fork");
    expect(differenceOf({ ...base, lr: 0.3, seed: 1 }, base)).toBe("new");
  });

  it("changes in a fork what the form says, whatever the optimisers", () => {
    const rules = fc.constantFrom("gd" as const, "sgd" as const);
    fc.assert(
      fc.property(rules, rules, fc.integer({ min: 1, max: 20 }), fc.boolean(), (rule, then, batch, noise) => {
        const config = resolveConfig(experimentOf({ ...base, rule }, null), "test");
        const wanted = { ...base, rule: then, batch, noise, lr: 0.7 };
        const forked = resolveConfig(changed(config, forkChanges(wanted)), "fork");
        expect(forked).toEqual({ ...resolveConfig(experimentOf(wanted, null), "test") });
      }),
    );
  });

  it("makes a command a shell can take", () => {
    expect(commandFor("name: a\n")).toBe(
      "cat > playground.yaml <<'EOF'\nname: a\nEOF\nbrink run playground.yaml --report",
    );
  });
});

describe("curves", () => {
  it("keep earlier views as they were", () => {
    const column = new Column();
    column.pushAll([1, 2, 3]);
    const before = column.view;
    column.truncate(1);
    column.push(9);
    for (let i = 0; i < 1000; i++) column.push(i);
    expect([...before]).toEqual([1, 2, 3]);
    expect([...column.view.subarray(0, 3)]).toEqual([1, 9, 0]);
    expect(column).toHaveLength(1002);
  });

  it("are cut back by a rewind and follow a replay", () => {
    const run = opened(new RunData(1, 0, base), 10);
    const measurement = (step: number) => ({
      type: "measurement" as const,
      step,
      point: "iterate" as const,
      sharpness: step,
      newtonOffset: -step,
    });
    const batch = {
      run: 1,
      firstStep: 1,
      losses: Float64Array.of(3, 2, NaN),
      measurements: [0, 2, 3].map(measurement),
      marks: [{ type: "mark" as const, step: 3, kind: "onset" as const, message: "" }],
    };
    run.add(batch);
    expect(run.record().steps).toEqual([3, 2, null].map((loss, i) => ({ type: "step", step: i + 1, loss })));
    expect(marksOf({ runs: [run], axis: "step" })).toMatchObject([{ x: 3, kind: "onset" }]);
    run.rewind(1);
    expect([...run.stepLoss.values.view]).toEqual([3]);
    expect(run.measurements.map(({ step }) => step)).toEqual([0]);
    run.add({
      ...batch,
      firstStep: 2,
      losses: Float64Array.of(2),
      measurements: [measurement(2)],
      marks: [],
    });
    const [path] = phaseSeries({ runs: [run], axis: "step" });
    expect([...path!.xs]).toEqual([0, 2]);
    expect([...path!.ys]).toEqual([-10, -8]);
  });

  it("of forks go on in effective time", () => {
    const parent = opened(new RunData(1, 0, { ...base, lr: 0.5 }), 4);
    const fork = opened(new RunData(2, 1, { ...base, lr: 0.1 }), 20, { run: 1, step: 10 });
    const steps = Float64Array.of(10, 20);
    expect([...placesOf(fork, steps, "time", [parent, fork])]).toEqual([5, 6]);
    expect([...placesOf(fork, steps, "step", [parent, fork])]).toEqual([10, 20]);
  });

  it("of a quadrature stand at the ranks of their weights", () => {
    const spectrum = {
      run: 1,
      step: 0,
      eigenvalues: Float64Array.of(5, 1),
      weights: Float64Array.of(0.01, 0.99),
    };
    expect([...spectrumSeries({ ...spectrum, exact: false }, 1000, 0)[0]!.xs]).toEqual([5, 505]);
    expect([...spectrumSeries({ ...spectrum, exact: true }, 2, 0)[0]!.xs]).toEqual([1, 2]);
  });
});
