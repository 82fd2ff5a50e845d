// The worker's session without a worker: runs, pauses, rewinds and forks against the command line's own runner.
import { describe, expect, it } from "vitest";
import { lanczosSharpness, resolveConfig, runExperiment } from "../lab/index.ts";
import type { MeasurementEvent } from "../record/index.ts";
import { type Backend, referenceBackend } from "../runtime/index.ts";
import { assembleProblem } from "./problem.ts";
import type { Reply, Request } from "./protocol.ts";
import { Session } from "./session.ts";

const SETTINGS = {
  data: { name: "chebyshev", degree: 3, n: 8 },
  net: { name: "mlp", widths: [4] },
  optimizer: { name: "sgd", lr: 0.3, batch: 3 },
  steps: 24,
  precision: "float64",
  measure: { every: 3, sharpness: { k: 2 }, landscape: true, noise: {} },
};

/** A session that records what it posts; `losses` and `measurements` are those of a run after rewinds. */
function open(openBackend: (device: string) => Backend = referenceBackend) {
  const replies: Reply[] = [];
  let now = 0;
  const session = new Session({
    post: (reply) => replies.push(structuredClone(reply)),
    openEngine: async (device) => ({
      backend: openBackend(device),
      info: { name: "test", device, threads: 1, notes: [] },
    }),
    clock: () => (now += 1),
    turn: () => Promise.resolve(),
  });
  const of = (run: number) => {
    const losses: number[] = [];
    let measurements: MeasurementEvent[] = [];
    for (const reply of replies) {
      if (reply.type === "rewound" && reply.run === run) {
        losses.length = Math.min(losses.length, reply.step);
        measurements = measurements.filter(({ step }) => step <= reply.step);
      }
      if (reply.type !== "events" || reply.batch.run !== run) continue;
      reply.batch.losses.forEach((loss, i) => {
        losses[reply.batch.firstStep - 1 + i] = loss;
      });
      measurements.push(...reply.batch.measurements);
    }
    return { losses, measurements };
  };
  const last = <T extends Reply["type"]>(type: T) =>
    replies.findLast((reply): reply is Extract<Reply, { type: T }> => reply.type === type);
  const send = (request: Request): Promise<void> => session.handle(request);
  return { send, of, last, replies };
}

/** What the runner of the lab yields for the same settings. */
async function direct(settings: object) {
  const config = resolveConfig(settings, "test");
  const { objective, theta0, dataset } = await assembleProblem(config, [], referenceBackend());
  const hasTest = dataset.test !== null;
  const losses: (number | null)[] = [];
  const measurements: MeasurementEvent[] = [];
  const clock = () => 0;
  for await (const item of runExperiment({
    config,
    objective,
    solveSharpness: lanczosSharpness,
    theta0,
    hasTest,
    clock,
  })) {
    if (item.type === "step") losses.push(item.loss);
    if (item.type === "measurement") measurements.push(item);
  }
  return { losses, measurements };
}

describe("a session", () => {
  it("yields the runner's events to the bit, whatever the pauses", async () => {
    const { send, of, last } = open();
    await send({ type: "open", run: 1, settings: SETTINGS });
    expect(last("opened")?.opened).toMatchObject({ parameters: 13, examples: 8, threshold: 2 / 0.3 });
    expect(of(1).measurements).toHaveLength(1);
    for (const steps of [1, 1, 5]) await send({ type: "advance", run: 1, steps });
    expect(last("state")).toMatchObject({ status: "paused", step: 7 });
    await send({ type: "advance", run: 1 });
    expect(last("state")).toMatchObject({ status: "finished", step: 24 });
    expect(of(1)).toEqual(await direct(SETTINGS));
  });

  it("repeats the same steps after a rewind, to any step", async () => {
    const { send, of, last } = open();
    await send({ type: "open", run: 1, settings: SETTINGS });
    await send({ type: "advance", run: 1 });
    const whole = of(1);
    await send({ type: "rewind", run: 1, step: 11 });
    expect(last("state")).toMatchObject({ status: "paused", step: 11 });
    expect(of(1).losses).toEqual(whole.losses.slice(0, 11));
    await send({ type: "rewind", run: 1, step: 0 });
    expect(of(1).losses).toEqual([]);
    await send({ type: "advance", run: 1 });
    expect(of(1)).toEqual(whole);
  });

  it("forks with another learning rate and leaves the old run alone", async () => {
    const { send, of, last } = open();
    await send({ type: "open", run: 1, settings: SETTINGS });
    await send({ type: "advance", run: 1, steps: 9 });
    await send({ type: "fork", run: 2, from: 1, changes: { "optimizer.lr": 0.6 } });
    expect(last("opened")?.opened).toMatchObject({ threshold: 2 / 0.6, forkedFrom: { run: 1, step: 9 } });
    await send({ type: "advance", run: 2, steps: 3 });
    await send({ type: "advance", run: 1 });
    const { losses } = await direct(SETTINGS);
    expect(of(1).losses).toEqual(losses);
    // The first forked step starts at the same weights and takes the same batch.
    expect(of(2).losses[9]).toBe(losses[9]);
    expect(of(2).losses[10]).not.toBe(losses[10]);
    await send({
      type: "fork",
      run: 3,
      from: 1,
      changes: { "optimizer.batch": 8, "optimizer.sampling": "without" },
    });
    expect(last("opened")?.opened.forkedFrom).toEqual({ run: 1, step: 24 });
  });

  it("says what is wrong in a sentence and stays usable", async () => {
    const { send, last } = open();
    await send({ type: "open", run: 1, settings: { ...SETTINGS, optimizer: { name: "sgd", lr: -1 } } });
    expect(last("failed")).toMatchObject({ run: 1, message: expect.stringContaining("optimizer.lr") });
    await send({ type: "advance", run: 7 });
    expect(last("failed")?.message).toBe("there is no run 7");
    await send({ type: "open", run: 1, settings: { ...SETTINGS, data: { name: "cifar10" } } });
    expect(last("failed")?.message).toContain("Drop the data files on the page first");
    await send({ type: "open", run: 1, settings: SETTINGS });
    await send({ type: "fork", run: 2, from: 1, changes: { seed: 3 } });
    expect(last("failed")?.message).toContain("a fork keeps data");
    await send({ type: "describe", id: 4, settings: { steps: -1 } });
    expect(last("described")).toMatchObject({ id: 4, yaml: null, error: expect.stringContaining("steps") });
    await send({ type: "describe", id: 5, settings: SETTINGS });
    expect(last("described")?.yaml).toContain("optimizer: { name: sgd, lr: 0.3, batch: 3 }");
  });

  it("reports divergence, and goes back to before it", async () => {
    const { send, last } = open();
    const settings = { ...SETTINGS, optimizer: { name: "gd", lr: 500 }, steps: 2000 };
    await send({ type: "open", run: 1, settings });
    await send({ type: "advance", run: 1 });
    expect(last("state")?.status).toBe("diverged");
    expect(last("state")?.summary?.message).toMatch(/loss/);
    await send({ type: "rewind", run: 1, step: 0 });
    expect(last("state")).toMatchObject({ status: "paused", step: 0 });
  });

  it("goes on with the processor when the graphics device is lost", async () => {
    let left = 60;
    const lossy = (device: string): Backend => {
      const backend = referenceBackend();
      if (device !== "webgpu") return backend;
      return {
        ...backend,
        compile: async (program, dtype) => {
          const inner = await backend.compile(program, dtype);
          return {
            ...inner,
            run: (feeds, results) => {
              if (left-- <= 0) return Promise.reject(new Error("GPU device is lost: reset"));
              return inner.run(feeds, results);
            },
          };
        },
      };
    };
    const { send, of, last } = open(lossy);
    await send({ type: "open", run: 1, settings: { ...SETTINGS, device: "webgpu" } });
    await send({ type: "advance", run: 1 });
    expect(last("engine")?.engine.notes[0]).toContain("graphics device was lost");
    expect(last("state")).toMatchObject({ status: "finished", step: 24 });
    expect(of(1)).toEqual(await direct(SETTINGS));
  });

  it("finds the whole spectrum of a small network: its trace and its sharpness", async () => {
    const { send, of, last } = open();
    await send({
      type: "open",
      run: 1,
      settings: { ...SETTINGS, measure: { every: 3, trace: {}, sharpness: { k: 2, tol: 1e-8 } } },
    });
    await send({ type: "spectrum", run: 1 });
    const { eigenvalues, exact } = last("spectrum")!.spectrum;
    const [start] = of(1).measurements;
    expect(exact).toBe(true);
    expect(eigenvalues).toHaveLength(13);
    expect(eigenvalues[0]).toBeCloseTo(start!.sharpness!, 8);
    expect(eigenvalues.reduce((total, value) => total + value, 0)).toBeCloseTo(start!.trace!, 8);
  });
});
