// Resuming: from any checkpoint, through its file format, a run yields exactly the events of an uninterrupted one.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError, zeros } from "../math/index.ts";
import {
  encodeEvent,
  parseSafetensors,
  type RunEvent,
  type RunSummary,
  serialiseSafetensors,
} from "../record/index.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { ExperimentConfig } from "./config-types.ts";
import { lanczosSharpness } from "./lanczos-sharpness.ts";
import { parseExperiment } from "./parse-experiment.ts";
import { productObjective } from "./product-objective.ts";
import type { Checkpoint, LayoutEntry, RunOptions } from "./run-types.ts";
import { runExperiment } from "./runner.ts";

const layout: readonly LayoutEntry[] = [
  { name: "0.weight", shape: [1, 1], offset: 0 },
  { name: "1.weight", shape: [1], offset: 1 },
];

function options(config: ExperimentConfig, more: Partial<RunOptions> = {}): RunOptions {
  const dtype = config.precision;
  const theta0 = zeros(dtype, 2);
  theta0.set([7.2, 0.15]);
  const targets = [1, 0.9, 1.1, 0.8, 1.2, 1, 1.3];
  return {
    config,
    objective: productObjective({ targets, testTargets: [1], dtype }),
    solveSharpness: lanczosSharpness,
    theta0,
    hasTest: true,
    clock: () => 0,
    ...more,
  };
}

interface Recorded {
  /** Lines of events.jsonl. */
  lines: string[];
  /** Checkpoint files as bytes, in order. */
  files: Uint8Array<ArrayBuffer>[];
  summary: RunSummary;
}

async function record(run: RunOptions, onEvent: (event: RunEvent) => void = () => {}): Promise<Recorded> {
  const lines: string[] = [];
  const files: Uint8Array<ArrayBuffer>[] = [];
  const stream = runExperiment(run);
  for (;;) {
    const { value, done } = await stream.next();
    if (done === true) return { lines, files, summary: value };
    if (value.type === "checkpoint") {
      files.push(serialiseSafetensors(encodeCheckpoint(value.checkpoint, layout)));
    } else {
      lines.push(encodeEvent(value));
      onEvent(value);
    }
  }
}

function load(file: Uint8Array, config: ExperimentConfig): Checkpoint {
  return decodeCheckpoint(parseSafetensors(file, "test"), layout, config);
}

const configs = fc
  .record({
    precision: fc.constantFrom("float32", "float64"),
    optimizer: fc.constantFrom(
      "{name: gd, lr: 0.02}",
      "{name: sgd, lr: 0.02, batch: 2}",
      "{name: sgd, lr: 0.02, batch: 3, sampling: without}",
      "{name: sgd, lr: 0.02, batch: 1, sampling: with}",
      "{name: sgd, lr: 0.02, batch: full}",
    ),
    every: fc.integer({ min: 1, max: 9 }),
    point: fc.constantFrom("iterate", "midpoint", "both"),
    rayleigh: fc.integer({ min: 0, max: 2 }),
    more: fc.constantFrom(
      "",
      "landscape: true, ",
      "noise: {batches: [1, 4], sampled: 3}, trace: true, ",
      "batchSharpness: {batch: [2, 3], batches: 4, sampling: with}, interaction: true, sharpness: false, ",
      "landscape: true, noise: true, batchSharpness: {batches: 4}, interaction: true, trace: true, ",
    ),
    stepSharpness: fc.boolean(),
    coupling: fc.boolean(),
    probeEvery: fc.constantFrom(1, 3),
    steps: fc.integer({ min: 1, max: 20 }),
    checkpoint: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
  })
  .map(
    ({
      precision,
      optimizer,
      every,
      point,
      rayleigh,
      more,
      stepSharpness,
      coupling,
      probeEvery,
      steps,
      checkpoint,
      seed,
    }) =>
      parseExperiment(
        `{precision: ${precision}, optimizer: ${optimizer}, steps: ${steps}, seed: ${seed}, ` +
          `measure: {${more}stepSharpness: ${stepSharpness && point !== "midpoint"}, coupling: ${coupling}, probeEvery: ${probeEvery}, ` +
          `every: ${every}, point: ${point}, rayleigh: ${rayleigh}}, checkpoint: {every: ${checkpoint}}}`,
      ).config,
  );

describe("resume", () => {
  it("from every checkpoint gives the same events, checkpoints and summary to the bit", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        const whole = await record(options(config));
        for (const [i, file] of whole.files.entries()) {
          const resume = load(file, config);
          const kept = resume.progress.events;
          const rest = await record(options(config, { resume, theta0: zeros(config.precision, 2) }));
          expect(rest.lines).toEqual(whole.lines.slice(kept));
          expect(rest.files).toEqual(whole.files.slice(i + 1));
          expect(rest.summary).toEqual(whole.summary);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("after an interrupt at any event goes on as if nothing had happened", async () => {
    await fc.assert(
      fc.asyncProperty(configs, fc.nat({ max: 30 }), async (config, interruptAt) => {
        const whole = await record(options(config));
        const signal = { aborted: false };
        let seen = 0;
        const first = await record(options(config, { signal }), () => {
          seen += 1;
          if (seen > interruptAt) signal.aborted = true;
        });
        if (first.summary.status === "finished") {
          expect(first.lines).toEqual(whole.lines);
          return;
        }
        expect(first.summary.status).toBe("interrupted");
        const resume = load(first.files.at(-1)!, config);
        // The step in progress was finished and nothing yielded is lost.
        expect(resume.progress.events).toBe(first.lines.length);
        const rest = await record(options(config, { resume }));
        expect([...first.lines, ...rest.lines]).toEqual(whole.lines);
        expect(rest.files.at(-1)).toEqual(whole.files.at(-1));
      }),
      { numRuns: 30 },
    );
  });

  it("depends on the warm start: without the saved eigenvectors the events would differ", async () => {
    const { config } = parseExperiment(
      "{optimizer: {name: sgd, lr: 0.02, batch: 2}, steps: 30, measure: {every: 3, sharpness: {tol: 0.05, maxProducts: 2}}, checkpoint: {every: 4}}",
    );
    // A solver that shows its warm start: one step of power iteration, started from it.
    const solveSharpness: RunOptions["solveSharpness"] = async (objective, theta, warm) => {
      const hessian = await objective.hessian(theta);
      const start = warm?.eigenvectors[0] ?? new Float32Array([0.6, 0.8]);
      const product = zeros(objective.dtype, 2);
      await hessian.apply(start, product);
      const length = Math.hypot(product[0]!, product[1]!);
      const next = product.map((value) => value / length);
      return { eigenvalues: [length], eigenvectors: [next], residuals: [0], hvps: 1, converged: true };
    };
    const whole = await record(options(config, { solveSharpness }));
    const resume = load(whole.files[2]!, config);
    const kept = resume.progress.events;
    const same = await record(options(config, { solveSharpness, resume }));
    expect(same.lines).toEqual(whole.lines.slice(kept));
    const forgetful = { ...load(whole.files[2]!, config), eigen: null };
    const cold = await record(options(config, { solveSharpness, resume: forgetful }));
    expect(cold.lines).not.toEqual(whole.lines.slice(kept));
  });

  it("of a finished run yields nothing more", async () => {
    const { config } = parseExperiment("{steps: 5}");
    const whole = await record(options(config));
    const again = await record(options(config, { resume: load(whole.files.at(-1)!, config) }));
    expect(again).toEqual({ lines: [], files: [], summary: whole.summary });
  });

  it("adds up the seconds of all sessions and checkpoints by the clock when told `auto`", async () => {
    const { config } = parseExperiment("{steps: 100, measure: {every: 0}}");
    let now = 5000;
    const clock = (): number => (now += 100);
    const whole = await record(options(config, { clock }));
    // About 100 ms a look at the clock, one look a step: a checkpoint every 200 steps at most, none in 100.
    expect(whole.files).toHaveLength(2);
    now = 0;
    const slow = await record(options(config, { clock: () => (now += 10_000) }));
    expect(slow.files.length).toBeGreaterThan(20);
    expect(slow.lines).toEqual(whole.lines);
    const middle = load(slow.files[10]!, config);
    const again = { resume: middle, clock: () => (now += 10_000) };
    const rest = await record(options(config, { ...again, secondsBefore: 7 }));
    const without = await record(options(config, { ...again, resume: load(slow.files[10]!, config) }));
    expect(rest.summary.seconds).toBeCloseTo(without.summary.seconds + 7, 8);
    // Checkpoints come by the clock, so at other steps; equal steps have equal files.
    expect(rest.files.at(-1)).toEqual(slow.files.at(-1));
  });
});

describe("checkpoint files", () => {
  const { config } = parseExperiment("{steps: 12, measure: {every: 5, point: both}, checkpoint: {every: 5}}");

  it("hold the parameters under their own names and shapes, with everything else set apart", async () => {
    const { files } = await record(options(config));
    const file = parseSafetensors(files[1]!, "test");
    expect([...file.tensors.keys()]).toEqual([
      "0.weight",
      "1.weight",
      "brink.eigenvector.0",
      // The midpoint of step 5 is still to come.
      "brink.previous",
    ]);
    expect(file.tensors.get("0.weight")!.shape).toEqual([1, 1]);
    const { theta } = load(files[1]!, config);
    expect(file.tensors.get("1.weight")!.data[0]).toBe(theta[1]);
  });

  it("that do not fit or are damaged are refused with the reason", async () => {
    const { files } = await record(options(config));
    const file = parseSafetensors(files[1]!, "test");
    const tensors = (
      change: (map: Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>) => void,
    ) => {
      const map = new Map(file.tensors) as Parameters<typeof change>[0];
      change(map);
      return { ...file, tensors: map };
    };
    const decode = (changed: typeof file) => () => decodeCheckpoint(changed, layout, config, "c.safetensors");
    expect(decode(tensors((map) => map.delete("1.weight")))).toThrow(
      /c\.safetensors: 1\.weight.*lacks a tensor/,
    );
    expect(decode(tensors((map) => map.set("0.weight", { shape: [1], data: new Float32Array(1) })))).toThrow(
      /0\.weight.*does not fit this run.*received \[1\]/s,
    );
    expect(decode(tensors((map) => map.delete("brink.eigenvector.0")))).toThrow(InputError);
    const wide = parseExperiment("{precision: float64}").config;
    expect(() => decodeCheckpoint(file, layout, wide)).toThrow(/float64/);
    expect(decode({ ...file, metadata: {} })).toThrow(/not a checkpoint/);
    const header = file.metadata["brink.checkpoint"]!;
    for (const bad of ["", "{", "null", "[]", header.replace('"version":1', '"version":2'), "{}"]) {
      expect(decode({ ...file, metadata: { "brink.checkpoint": bad } })).toThrow(InputError);
    }
  });

  it("with any damage to the header are refused or read, never a crash", async () => {
    const { files } = await record(options(config));
    const file = parseSafetensors(files[1]!, "test");
    const header = JSON.parse(file.metadata["brink.checkpoint"]!) as Record<string, unknown>;
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(header)), fc.jsonValue(), (key, value) => {
        const text = JSON.stringify({ ...header, [key]: value });
        try {
          decodeCheckpoint({ ...file, metadata: { "brink.checkpoint": text } }, layout, config);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
