// Runs on disk: exclusive folders, what is on disk when, and reading it back in any state.
import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  config,
  decode,
  layout,
  provenance,
  reference,
  temporaryFolder,
  train,
} from "../../test/small-run.ts";
import { type Checkpoint, encodeCheckpoint } from "../lab/index.ts";
import { InputError } from "../math/index.ts";
import { withSession } from "./provenance.ts";
import { listRuns, readProvenance, readRun, readRunConfig } from "./read-run.ts";
import { createRun, openRun } from "./run-store.ts";

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
});

afterEach(async () => {
  await nodeFs.rm(root, { recursive: true, force: true });
});

describe("a run", () => {
  it("is a folder with configuration, provenance, events, checkpoints and summary, read back whole", async () => {
    const { dir } = await reference(root);
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
    const { dir, events } = await reference(root);
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
