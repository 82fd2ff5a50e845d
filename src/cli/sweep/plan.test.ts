// Planning a sweep: fixed threads, jobs at once, and which run on disk is which variant.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type ExperimentConfig, expandSweep, parseExperiment } from "../../lab/index.ts";
import { defaultJobs, findExisting, mostThreads, pinThreads, type Variant } from "./plan.ts";

function variants(text: string, threadsPerJob?: number): Variant[] {
  return pinThreads(expandSweep(parseExperiment(text)), threadsPerJob);
}

describe("threads and jobs", () => {
  it("one thread a run unless the file or the flag says otherwise", () => {
    expect(variants("{sweep: {seed: [0, 1]}}").map(({ config }) => config.threads)).toEqual([1, 1]);
    expect(variants("{threads: 3}")[0]!.config.threads).toBe(3);
    expect(variants("{threads: 3}", 2)[0]!.config.threads).toBe(2);
    expect(mostThreads(variants("{sweep: {threads: [1, 4]}}"))).toBe(4);
  });

  it("as many jobs as the cores can hold, and no more than there are runs", () => {
    const four = variants("{sweep: {seed: [0, 1, 2, 3]}}");
    expect([1, 2, 16].map((cores) => defaultJobs(four, cores))).toEqual([1, 2, 4]);
    expect(defaultJobs(variants("{threads: 4, sweep: {seed: [0, 1, 2, 3]}}"), 9)).toBe(2);
    expect(defaultJobs(variants("{threads: 4}"), 2)).toBe(1);
    expect(defaultJobs([], 8)).toBe(1);
  });

  it("one at a time on an accelerator", () => {
    expect(defaultJobs(variants("{device: webgpu, sweep: {seed: [0, 1]}}"), 8)).toBe(1);
  });
});

describe("findExisting", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "brink-plan-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function save(id: string, config: ExperimentConfig, status: string | null, step = 0): void {
    const dir = path.join(root, id);
    mkdirSync(dir);
    writeFileSync(path.join(dir, "config.yaml"), stringify(config));
    writeFileSync(path.join(dir, "provenance.json"), "{}");
    if (status === null) return;
    writeFileSync(
      path.join(dir, "summary.json"),
      JSON.stringify({ version: 1, status, step, steps: 9, threshold: 1 }),
    );
  }

  const [wanted, other] = variants("{name: gap, sweep: {seed: [0, 1]}}") as [Variant, Variant];
  const found = async (named: string | undefined): Promise<string | undefined> =>
    (await findExisting(root, [wanted], () => named))[0]!.existing?.run;

  it("takes the run the manifest names, if it still has that configuration", async () => {
    save("gap-s0-gd-aaaa", wanted.config, "interrupted", 3);
    save("gap-s0-gd-bbbb", wanted.config, "finished", 9);
    save("gap-s1-gd-cccc", other.config, "finished", 9);
    expect(await found("gap-s0-gd-aaaa")).toBe("gap-s0-gd-aaaa");
    expect(await found("gap-s1-gd-cccc")).toBe("gap-s0-gd-bbbb");
    expect(await found("gone")).toBe("gap-s0-gd-bbbb");
  });

  it("without one, takes the furthest run of that configuration, over before unfinished", async () => {
    expect(await found(undefined)).toBeUndefined();
    save("gap-s0-gd-aaaa", wanted.config, null);
    expect(await found(undefined)).toBe("gap-s0-gd-aaaa");
    save("gap-s0-gd-bbbb", wanted.config, "interrupted", 5);
    save("gap-s0-gd-cccc", wanted.config, "interrupted", 4);
    expect(await found(undefined)).toBe("gap-s0-gd-bbbb");
    save("gap-s0-gd-dddd", wanted.config, "diverged", 2);
    expect(await found(undefined)).toBe("gap-s0-gd-dddd");
  });

  it("passes over other configurations, damaged ones and runs at work elsewhere", async () => {
    save("gap-s0-gd-aaaa", { ...wanted.config, steps: 7 }, "finished", 7);
    save("gap-s0-gd-bbbb", wanted.config, "finished", 9);
    writeFileSync(path.join(root, "gap-s0-gd-bbbb", "config.yaml"), "{steps: -1}");
    save("gap-s0-gd-cccc", wanted.config, "running", 4);
    const lock = JSON.stringify({ pid: 1, host: "another machine", token: "x" });
    writeFileSync(path.join(root, "gap-s0-gd-cccc", "lock"), lock);
    expect(await found(undefined)).toBeUndefined();
    // Named by the manifest it is this sweep's own: its last process may still be saving.
    expect(await found("gap-s0-gd-cccc")).toBe("gap-s0-gd-cccc");
  });
});
