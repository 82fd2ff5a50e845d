// How often a folder of runs is looked at: changes bring the next look nearer and never put it off.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RunWatch } from "./run-watch.ts";

let root: string;
let watch: RunWatch;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "brink-watch-"));
});

afterEach(async () => {
  await watch.close();
  rmSync(root, { recursive: true });
});

it("looks although changes come faster than looks may follow each other", async () => {
  // Without a change the next look would come in a minute.
  watch = new RunWatch({ root, session: "s", publish: () => {}, pollMs: 60_000 });
  await watch.ready;
  const changes = setInterval(() => watch.wake(), 20);
  try {
    // The first look, which opening the folder has asked for, may come before this folder is there.
    mkdirSync(path.join(root, "holiday"));
    await vi.waitFor(() => expect(watch.list().ignored).toEqual([{ name: "holiday", reason: "not a run" }]), {
      timeout: 10_000,
      interval: 50,
    });
    mkdirSync(path.join(root, "letters"));
    await vi.waitFor(() => expect(watch.list().ignored).toHaveLength(2), { timeout: 10_000, interval: 50 });
  } finally {
    clearInterval(changes);
  }
}, 25_000);
