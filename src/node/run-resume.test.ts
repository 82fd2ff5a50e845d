// Resuming runs on disk: to the same bits after any stop or damage, one writer at a time.
import * as nodeFs from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  config,
  decode,
  eventsOf,
  finalParameters,
  provenance,
  reference,
  temporaryFolder,
  train,
} from "../../test/small-run.ts";
import { isLocked } from "./run-lock.ts";
import { createRun, openRun } from "./run-store.ts";

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
});

afterEach(async () => {
  await nodeFs.rm(root, { recursive: true, force: true });
});

describe("resume", () => {
  it("continues to the same bits after a stop at any event", async () => {
    const whole = await reference(root);
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
    const whole = await reference(root);
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
    const whole = await reference(root);
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
    const whole = await reference(root);
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
    const { dir } = await reference(root);
    await nodeFs.writeFile(join(dir, ".summary.json.tmp"), "{");
    await nodeFs.writeFile(join(dir, "checkpoints", ".step-00000025.safetensors.tmp"), "half");
    await (await openRun(dir)).close();
    const names = [...(await nodeFs.readdir(dir)), ...(await nodeFs.readdir(join(dir, "checkpoints")))];
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("starts over when nothing was saved yet", async () => {
    const whole = await reference(root);
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
