// Runs on disk: exclusive folders, what is on disk when, resume after damage, and every way writing can fail.
import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type ExperimentConfig,
  lanczosSharpness,
  parseExperiment,
  productObjective,
  recordRun,
} from "../lab/index.ts";
import { InputError, RunError } from "../math/index.ts";
import type { Provenance, RunEvent, RunSummary, TensorFile } from "../record/index.ts";
import { diskFileSystem, type FileSystem } from "./files.ts";
import { collectProvenance, withSession } from "./provenance.ts";
import { listRuns, readProvenance, readRun, readRunConfig } from "./read-run.ts";
import { isLocked } from "./run-lock.ts";
import { createRun, openRun, type RunFolder } from "./run-store.ts";

let root: string;
let provenance: Provenance;

beforeEach(async () => {
  root = await nodeFs.mkdtemp(join(tmpdir(), "brink-store-"));
  provenance = await collectProvenance({
    command: ["brink", "run", "x.yaml"],
    device: "cpu",
    threads: 2,
    seed: 0,
    data: { name: "toy", provenance: { files: [], checksum: "00", notes: ["a note"] } },
    now: new Date("2026-01-02T03:04:05Z"),
  });
});

afterEach(async () => {
  await nodeFs.rm(root, { recursive: true, force: true });
});

const config: ExperimentConfig = parseExperiment(
  "{name: toy, steps: 30, optimizer: {name: sgd, lr: 0.02, batch: 2}, measure: {every: 4, point: both}, checkpoint: {every: 10}}",
).config;
const layout = [{ name: "w", shape: [2], offset: 0 }];
const decode = (file: TensorFile, path: string): Checkpoint => decodeCheckpoint(file, layout, config, path);

/** Trains into a folder, from `resume` if given, until the end or until `until` says stop. */
async function train(
  store: RunFolder,
  resume: Checkpoint | null = null,
  until: (event: RunEvent) => boolean = () => false,
): Promise<RunSummary | null> {
  const run = recordRun({
    config,
    objective: productObjective({ targets: [1, 0.9, 1.1, 0.8, 1.2], dtype: "float32" }),
    solveSharpness: lanczosSharpness,
    theta0: new Float32Array([7.2, 0.15]),
    hasTest: false,
    clock: () => 0,
    store,
    layout,
    resume: resume ?? undefined,
  });
  for (;;) {
    const { value, done } = await run.next();
    if (done === true) return value;
    if (until(value)) {
      await run.return(undefined as never);
      return null;
    }
  }
}

async function eventsOf(dir: string): Promise<string> {
  return nodeFs.readFile(join(dir, "events.jsonl"), "utf8");
}

async function finalParameters(dir: string): Promise<Buffer> {
  return nodeFs.readFile(join(dir, "checkpoints", "step-00000030.safetensors"));
}

/** A finished run to compare with. */
async function reference(): Promise<{ dir: string; events: string; parameters: Buffer }> {
  const store = await createRun({ root: join(root, "reference"), config, provenance });
  await train(store);
  await store.close();
  return {
    dir: store.dir,
    events: await eventsOf(store.dir),
    parameters: await finalParameters(store.dir),
  };
}

describe("a run", () => {
  it("is a folder with configuration, provenance, events, checkpoints and summary, read back whole", async () => {
    const { dir } = await reference();
    expect((await nodeFs.readdir(dir)).sort()).toEqual([
      "checkpoints",
      "config.yaml",
      "events.jsonl",
      "provenance.json",
      "summary.json",
    ]);
    expect(await nodeFs.readdir(join(dir, "checkpoints"))).toEqual([
      "step-00000020.safetensors",
      "step-00000030.safetensors",
    ]);
    expect(await readRunConfig(dir)).toEqual(config);
    const record = await readRun(dir);
    expect(record.id).toMatch(/^toy-b2-s0-[0-9a-f]{4}$/);
    expect(record.summary).toMatchObject({ status: "finished", step: 30 });
    expect(record.steps).toHaveLength(30);
    expect(record.measurements.length).toBeGreaterThan(8);
    expect(record.marks.at(-1)).toMatchObject({ kind: "finished" });
    expect(record.provenance).toMatchObject({
      command: ["brink", "run", "x.yaml"],
      node: process.versions.node,
      onnxruntime: expect.stringMatching(/^\d+\.\d+/) as string,
      brink: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      data: { checksum: "00", notes: ["a note"] },
      createdAt: "2026-01-02T03:04:05.000Z",
    });
  });

  it("never shares its folder, also when many start at once", async () => {
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => createRun({ root, config, provenance })),
    );
    const ids = stores.map(({ id }) => id).sort();
    expect(new Set(ids).size).toBe(8);
    expect(ids.every((id) => id.startsWith(ids[0]!))).toBe(true);
    for (const store of stores) await store.close();
    expect(await listRuns(root)).toHaveLength(8);
  });

  it("is listed with what is known of it; other folders and damaged summaries do not disturb", async () => {
    const store = await createRun({ root, config, provenance });
    const early = { ...provenance, createdAt: "2025-01-01T00:00:00.000Z" };
    const other = await createRun({ root, config: { ...config, name: "other" }, provenance: early });
    await train(other);
    await other.close();
    await nodeFs.mkdir(join(root, "empty"));
    await nodeFs.writeFile(join(root, "file"), "");
    const listings = await listRuns(root);
    expect(listings.map(({ name, live }) => [name, live])).toEqual([
      ["other", false],
      ["toy", true],
    ]);
    expect(listings[0]!.summary).toMatchObject({ status: "finished" });
    expect(listings[1]!.summary).toBeNull();
    await nodeFs.writeFile(join(other.dir, "summary.json"), "{");
    expect((await listRuns(root))[0]!.summary).toBeNull();
    await store.close();
    expect(await listRuns(join(root, "nowhere"))).toEqual([]);
  });

  it("can be read while it is being written, without the half-written last line", async () => {
    const { dir, events } = await reference();
    await nodeFs.writeFile(join(dir, "events.jsonl"), events.slice(0, -7));
    const record = await readRun(dir);
    expect(record.steps).toHaveLength(30);
    expect(record.marks.some(({ kind }) => kind === "finished")).toBe(false);
    await nodeFs.rm(join(dir, "events.jsonl"));
    expect((await readRun(dir)).steps).toEqual([]);
  });

  it("that is none is refused with the reason", async () => {
    await expect(readRun(join(root, "nowhere"))).rejects.toThrow(/not a run/);
    await expect(openRun(root)).rejects.toThrow(InputError);
    await nodeFs.writeFile(join(root, "config.yaml"), "steps: [");
    await expect(readRun(root)).rejects.toThrow(/config\.yaml.*not valid YAML/);
    await nodeFs.writeFile(join(root, "config.yaml"), "steps: many");
    await expect(readRunConfig(root)).rejects.toThrow(/config\.yaml: steps.*received "many"/);
  });

  it("keeps the sessions that wrote it", async () => {
    const store = await createRun({ root, config, provenance });
    const resumed = withSession(provenance, { now: new Date(0), fromStep: 7, command: ["brink", "resume"] });
    await store.saveProvenance(resumed);
    await store.close();
    const { sessions } = (await readProvenance(store.dir))!;
    expect(sessions.map(({ fromStep }) => fromStep)).toEqual([0, 7]);
  });
});

describe("resume", () => {
  it("continues to the same bits after a stop at any event", async () => {
    const whole = await reference();
    const total = whole.events.split("\n").length - 1;
    for (let stop = 1; stop < total; stop += 5) {
      const store = await createRun({ root: join(root, `stop-${stop}`), config, provenance });
      let seen = 0;
      await train(store, null, () => ++seen === stop);
      await store.close();
      const again = await openRun(store.dir);
      await train(again, await again.rewind(decode));
      await again.close();
      expect(await eventsOf(store.dir)).toBe(whole.events);
      expect(await finalParameters(store.dir)).toEqual(whole.parameters);
    }
  });

  it.each([
    ["half a line", '{"type":"st'],
    ["garbage", "\0\0\0 \n"],
    ["events of steps that will be repeated", '{"type":"step","step":31,"loss":1}\n{"type":"step"'],
  ])("repairs events that end in %s", async (_, tail) => {
    const whole = await reference();
    const store = await createRun({ root, config, provenance });
    await train(store, null, (event) => event.type === "step" && event.step === 17);
    await store.close();
    await nodeFs.appendFile(join(store.dir, "events.jsonl"), tail);
    const again = await openRun(store.dir);
    const checkpoint = await again.rewind(decode);
    expect(checkpoint?.step).toBe(10);
    await train(again, checkpoint);
    await again.close();
    expect(await eventsOf(store.dir)).toBe(whole.events);
  });

  it("falls back to the checkpoint before when the newest is damaged or ahead of the events", async () => {
    const whole = await reference();
    const newest = join(whole.dir, "checkpoints", "step-00000030.safetensors");
    await nodeFs.truncate(newest, 100);
    let store = await openRun(whole.dir);
    let checkpoint = await store.rewind(decode);
    expect(checkpoint?.step).toBe(20);
    expect(await nodeFs.readdir(join(whole.dir, "checkpoints"))).toEqual(["step-00000020.safetensors"]);
    await train(store, checkpoint);
    await store.close();
    expect(await eventsOf(whole.dir)).toBe(whole.events);
    expect(await finalParameters(whole.dir)).toEqual(whole.parameters);

    await nodeFs.writeFile(join(whole.dir, "events.jsonl"), whole.events.slice(0, -30));
    store = await openRun(whole.dir);
    checkpoint = await store.rewind(decode);
    expect(checkpoint?.step).toBe(20);
    await train(store, checkpoint);
    await store.close();
    expect(await eventsOf(whole.dir)).toBe(whole.events);
  });

  it("changes nothing when no checkpoint can be used, and says why", async () => {
    const whole = await reference();
    for (const name of await nodeFs.readdir(join(whole.dir, "checkpoints"))) {
      await nodeFs.truncate(join(whole.dir, "checkpoints", name), 50);
    }
    const store = await openRun(whole.dir);
    await expect(store.rewind(decode)).rejects.toThrow(
      /no checkpoint can be used.*step-00000030.*step-00000020/s,
    );
    await store.close();
    expect(await eventsOf(whole.dir)).toBe(whole.events);
  });

  it("clears away what a crash left of a file being written", async () => {
    const { dir } = await reference();
    await nodeFs.writeFile(join(dir, ".summary.json.tmp"), "{");
    await nodeFs.writeFile(join(dir, "checkpoints", ".step-00000025.safetensors.tmp"), "half");
    await (await openRun(dir)).close();
    const names = [...(await nodeFs.readdir(dir)), ...(await nodeFs.readdir(join(dir, "checkpoints")))];
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("starts over when nothing was saved yet", async () => {
    const whole = await reference();
    const store = await createRun({ root, config, provenance });
    await nodeFs.writeFile(join(store.dir, "events.jsonl"), '{"type":"header"');
    await store.close();
    const again = await openRun(store.dir);
    expect(await again.rewind(decode)).toBeNull();
    await train(again);
    await again.close();
    expect(await eventsOf(store.dir)).toBe(whole.events);
  });
});

describe("the lock", () => {
  it("keeps a second writer out until the first is done", async () => {
    const store = await createRun({ root, config, provenance });
    expect(await isLocked(store.dir)).toBe(true);
    await expect(openRun(store.dir)).rejects.toThrow(/being written by process/);
    await store.close();
    expect(await isLocked(store.dir)).toBe(false);
    await (await openRun(store.dir)).close();
  });

  it.each([
    ["a dead process", { pid: 2 ** 22 + 1, started: null }],
    ["a process whose number was given to another", { pid: process.pid, started: "1" }],
  ])("of %s is taken over", async (_, holder) => {
    const store = await createRun({ root, config, provenance });
    await store.close();
    const { hostname } = await import("node:os");
    const lock = JSON.stringify({ host: hostname(), token: "x", ...holder });
    await nodeFs.writeFile(join(store.dir, "lock"), lock);
    expect(await isLocked(store.dir)).toBe(false);
    const again = await openRun(store.dir);
    expect(await isLocked(store.dir)).toBe(true);
    await again.close();
    expect(await nodeFs.readdir(store.dir)).not.toContain("lock");
  });

  it("that is empty or garbage (its writer died writing it) is taken over", async () => {
    const store = await createRun({ root, config, provenance });
    await store.close();
    for (const text of ["", "{", "null", "[]"]) {
      await nodeFs.writeFile(join(store.dir, "lock"), text);
      await (await openRun(store.dir)).close();
    }
  });

  it("of another machine is respected, with what to do", async () => {
    const store = await createRun({ root, config, provenance });
    await store.close();
    await nodeFs.writeFile(
      join(store.dir, "lock"),
      JSON.stringify({ pid: 1, host: "elsewhere", token: "x" }),
    );
    await expect(openRun(store.dir)).rejects.toThrow(/process 1 on elsewhere.*delete/s);
  });
});

/** A file system whose writes fail from the moment `failing.code` is set; files opened before are affected too. */
function failingFileSystem(failing: { code: string | null }): FileSystem {
  const fail = (): void => {
    if (failing.code !== null) throw Object.assign(new Error(failing.code), { code: failing.code });
  };
  return {
    ...diskFileSystem,
    mkdir: (async (...args: Parameters<typeof nodeFs.mkdir>) => {
      fail();
      return nodeFs.mkdir(...args);
    }) as FileSystem["mkdir"],
    open: async (...args) => {
      if (args[1] !== "r") fail();
      const handle = await nodeFs.open(...args);
      return new Proxy(handle, {
        get(target, key) {
          const member = Reflect.get(target, key, target) as unknown;
          if (typeof member !== "function") return member;
          if (key !== "writeFile") return member.bind(target) as unknown;
          return async (content: string | Uint8Array) => {
            if (failing.code !== null) {
              // A full disk takes what still fits.
              await target.write(content.slice(0, Math.floor(content.length / 2)) as string);
            }
            fail();
            await target.writeFile(content);
          };
        },
      });
    },
  };
}

describe("when the disk is full", () => {
  it.each(["ENOSPC", "EDQUOT"])(
    "(%s) a run stops with a clear error, nothing half-written, resumable",
    async (code) => {
      const whole = await reference();
      for (const failAt of [1, 9, 11, 25]) {
        const failing: { code: string | null } = { code: null };
        const store = await createRun({
          root: join(root, `${code}-${failAt}`),
          config,
          provenance,
          fs: failingFileSystem(failing),
        });
        await expect(
          train(store, null, (event) => {
            if (event.type === "step" && event.step === failAt) failing.code = code;
            return false;
          }),
        ).rejects.toThrow(/the disk is full.*resume the run/s);
        await store.close().catch((error: unknown) => expect(error).toBeInstanceOf(RunError));
        const events = await eventsOf(store.dir);
        expect(whole.events.startsWith(events)).toBe(true);
        expect(events === "" || events.endsWith("\n")).toBe(true);
        expect(
          (await nodeFs.readdir(join(store.dir, "checkpoints"))).filter((name) => name.endsWith(".tmp")),
        ).toEqual([]);
        const again = await openRun(store.dir);
        await train(again, await again.rewind(decode));
        await again.close();
        expect(await eventsOf(store.dir)).toBe(whole.events);
        expect(await finalParameters(store.dir)).toEqual(whole.parameters);
      }
    },
  );

  it("a run that cannot even begin leaves no folder", async () => {
    const failing: { code: string | null } = { code: null };
    const fs = failingFileSystem(failing);
    const create = createRun({
      root,
      config,
      provenance,
      fs: {
        ...fs,
        rename: async (from, to) => {
          failing.code = "ENOSPC";
          await nodeFs.rename(from, to);
        },
      },
    });
    await expect(create).rejects.toThrow(/disk is full/);
    expect(await nodeFs.readdir(root)).toEqual([]);
  });
});

describe("folders that cannot be written", () => {
  it.each(["EROFS", "EACCES"])("(%s) are reported with what to do", async (code) => {
    const create = createRun({ root: join(root, "x"), config, provenance, fs: failingFileSystem({ code }) });
    await expect(create).rejects.toThrow(/no permission.*Choose another folder/s);
    await expect(create).rejects.toBeInstanceOf(RunError);
  });

  it("a file in the place of the runs folder is named", async () => {
    await nodeFs.writeFile(join(root, "runs"), "");
    await expect(createRun({ root: join(root, "runs"), config, provenance })).rejects.toThrow(/runs/);
    await expect(createRun({ root: join(root, "runs", "x"), config, provenance })).rejects.toThrow(
      /is a file, not a folder/,
    );
  });
});

it("a checkpoint replaces atomically: a failed one leaves the last in place", async () => {
  const failing: { code: string | null } = { code: null };
  const store = await createRun({ root, config, provenance, fs: failingFileSystem(failing) });
  const file = (value: number): TensorFile => ({
    tensors: new Map([["w", { shape: [1], data: new Float32Array([value]) }]]),
    metadata: {},
  });
  await store.saveCheckpoint(5, file(1), 2);
  const before = await nodeFs.readFile(join(store.dir, "checkpoints", "step-00000005.safetensors"));
  failing.code = "ENOSPC";
  await expect(store.saveCheckpoint(5, file(2), 2)).rejects.toThrow(/disk is full/);
  await expect(store.saveCheckpoint(6, file(2), 2)).rejects.toThrow(/disk is full/);
  failing.code = null;
  expect(await nodeFs.readdir(join(store.dir, "checkpoints"))).toEqual(["step-00000005.safetensors"]);
  expect(await nodeFs.readFile(join(store.dir, "checkpoints", "step-00000005.safetensors"))).toEqual(before);
  await store.close();
});

it("long stretches without a measurement are written out in pieces, in order", async () => {
  const store = await createRun({ root, config, provenance });
  const message = "x".repeat(1000);
  for (let step = 0; step < 5000; step++) store.append({ type: "mark", step, kind: "warning", message });
  await store.flush();
  await store.close();
  const { marks } = await readRun(store.dir);
  expect(marks.map(({ step }) => step)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});

it("encodes checkpoints whose vectors are live without keeping them", async () => {
  const store = await createRun({ root, config, provenance });
  const theta = new Float32Array([1, 2]);
  const checkpoint: Checkpoint = {
    step: 4,
    theta,
    optimizer: {},
    sampler: null,
    eigen: null,
    previous: null,
    progress: {
      events: 0,
      hvps: 0,
      loss: null,
      initialLoss: null,
      sharpness: null,
      accuracy: null,
      testAccuracy: null,
      onset: null,
      exceeded: null,
      recent: [],
      ended: null,
    },
  };
  await store.saveCheckpoint(4, encodeCheckpoint(checkpoint, layout), 1);
  theta.fill(9);
  expect((await store.rewind(decode))?.theta).toEqual(new Float32Array([1, 2]));
  await store.close();
});
