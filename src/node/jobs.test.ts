// Jobs in processes of their own: messages, ends of every kind, and a limit on how many run at once.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Job, runLimited, startJob } from "./jobs.ts";

const script = fileURLToPath(new URL("jobs.child.mjs", import.meta.url));

function start(input: object): { job: Job; heard: unknown[]; first: Promise<void> } {
  const heard: unknown[] = [];
  let tell = (): void => {};
  const first = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const onMessage = (message: unknown): void => {
    heard.push(message);
    tell();
  };
  return { job: startJob({ script, cwd: process.cwd(), input, onMessage }), heard, first };
}

describe("startJob", () => {
  it("hears every message, in order, before the end", async () => {
    const { job, heard } = start({ count: 500 });
    expect(await job.ended).toEqual({ code: 0, signal: null, stderr: "" });
    expect(heard).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it("says how a crashed one ended, and what it wrote last", async () => {
    const { job } = start({ crash: 7 });
    expect(await job.ended).toEqual({ code: 7, signal: null, stderr: "first\nsegmentation fault" });
  });

  it("stops one that listens, kills one that does not, and both may be asked too late", async () => {
    const polite = start({ count: 1, wait: true });
    await polite.first;
    polite.job.stop();
    expect(await polite.job.ended).toMatchObject({ code: 0 });
    expect(polite.heard).toEqual([0, "stopping"]);
    const deaf = start({ count: 1, wait: true });
    await deaf.first;
    deaf.job.kill();
    expect(await deaf.job.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    deaf.job.stop();
    deaf.job.kill();
  });

  it("reports one that could not be started", async () => {
    const job = startJob({ script, cwd: "/no/such/folder", input: {}, onMessage: () => {} });
    expect(await job.ended).toMatchObject({ code: null, stderr: expect.stringContaining("ENOENT") });
  });
});

describe("runLimited", () => {
  it("runs everything, in order, never more at once than allowed", async () => {
    const started: number[] = [];
    let [running, most] = [0, 0];
    await runLimited([5, 1, 4, 2, 3], 2, async (milliseconds) => {
      started.push(milliseconds);
      most = Math.max(most, ++running);
      await new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
      });
      running--;
    });
    expect([started, most, running]).toEqual([[5, 1, 4, 2, 3], 2, 0]);
    await runLimited([], 3, () => Promise.reject(new Error("never called")));
  });

  it("a rejection starts no more and is thrown after the others have ended", async () => {
    const ended: number[] = [];
    const work = runLimited([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error("broken");
      await new Promise(setImmediate);
      ended.push(item);
    });
    await expect(work).rejects.toThrow("broken");
    expect(ended).toEqual([2]);
  });
});
