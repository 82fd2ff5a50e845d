// Ctrl-C once and twice.
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { type SignalSource, withInterrupt } from "./interrupt.ts";

function setup(): { source: SignalSource & EventEmitter; exits: number[]; time: { now: number } } {
  const exits: number[] = [];
  const source = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  return { source: source, exits, time: { now: 1000 } };
}

describe("withInterrupt", () => {
  it("aborts at the first signal and lets the body finish", async () => {
    const { source, exits, time } = setup();
    let notes = 0;
    const result = await withInterrupt(
      { source, now: () => time.now, onFirst: () => notes++ },
      async (signal) => {
        source.emit("SIGINT");
        return signal.aborted;
      },
    );
    expect(result).toBe(true);
    expect([notes, exits]).toEqual([1, []]);
  });

  it("exits with 130 at the second", async () => {
    const { source, exits, time } = setup();
    await withInterrupt({ source, now: () => time.now, onFirst: () => {} }, async () => {
      source.emit("SIGINT");
      time.now += 400;
      source.emit("SIGINT");
    });
    expect(exits).toEqual([130]);
  });

  it("takes one key press delivered twice for one", async () => {
    const { source, exits, time } = setup();
    let notes = 0;
    await withInterrupt({ source, now: () => time.now, onFirst: () => notes++ }, async () => {
      source.emit("SIGINT");
      time.now += 5;
      source.emit("SIGINT");
    });
    expect([notes, exits]).toEqual([1, []]);
  });

  it("treats SIGTERM alike and removes its listeners, also after a failure", async () => {
    const { source, time } = setup();
    const failing = withInterrupt({ source, now: () => time.now, onFirst: () => {} }, async (signal) => {
      source.emit("SIGTERM");
      throw new Error(`aborted: ${signal.aborted}`);
    });
    await expect(failing).rejects.toThrow("aborted: true");
    expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
  });
});
