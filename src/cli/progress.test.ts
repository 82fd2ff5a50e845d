// The progress line: rate limits, speed, ETA, and what it does on and off a terminal.
import { describe, expect, it } from "vitest";
import { Progress } from "./progress.ts";

class Recorder {
  readonly isTTY: boolean;
  readonly columns: number;
  writes: string[] = [];
  constructor(isTTY: boolean, columns = 200) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.writes.push(text);
  }
}

/** Feeds steps at a constant speed and returns what was written. */
function drive(sink: Recorder, stepsPerSecond: number, seconds: number): string[] {
  let time = 0;
  const progress = new Progress(sink, { now: () => time, label: "gd" });
  const steps = 10_000;
  for (let step = 0; step <= stepsPerSecond * seconds; step++) {
    time = (1000 * step) / stepsPerSecond;
    progress.update({ step, steps, loss: 0.0123, sharpness: 198.2, threshold: 200 });
  }
  progress.done();
  return sink.writes;
}

describe("Progress", () => {
  it("redraws one line at most ten times a second on a terminal and removes it at the end", () => {
    const writes = drive(new Recorder(true), 1000, 3);
    expect(writes.length).toBeLessThanOrEqual(32);
    expect(writes.length).toBeGreaterThan(25);
    expect(writes.every((text) => text.startsWith("\r\u001B[K") && !text.includes("\n"))).toBe(true);
    expect(writes.at(-1)).toBe("\r\u001B[K");
  });

  it("prints a whole line every ten seconds elsewhere, the first at once", () => {
    const writes = drive(new Recorder(false), 100, 35);
    expect(writes.map((line) => /step (\d+)/.exec(line)![1])).toEqual(["0", "1000", "2000", "3000"]);
    expect(writes.every((line) => line.endsWith("\n") && !line.includes("\u001B"))).toBe(true);
  });

  it("shows speed, time left, loss and sharpness over threshold", () => {
    const line = drive(new Recorder(false), 100, 25).at(-1)!;
    expect(line.trim()).toBe("gd  step 2000/10000  100 it/s  ETA 1:20  loss 0.0123  S 198.2  S·η/2 0.991");
  });

  it("forgets old speed: after a slowdown the estimate follows within a few time constants", () => {
    const sink = new Recorder(false);
    let time = 0;
    const progress = new Progress(sink, { now: () => time });
    let step = 0;
    const advance = (until: number, msPerStep: number): void => {
      for (; step < until; step++) {
        progress.update({ step, steps: 10_000 });
        time += msPerStep;
      }
    };
    advance(2000, 1);
    advance(2600, 100);
    const speed = Number(/([\d.]+) it\/s/.exec(sink.writes.at(-1)!)![1]);
    expect(speed).toBeGreaterThan(9.5);
    expect(speed).toBeLessThan(11);
  });

  it("counts a resumed run's speed from where it resumed", () => {
    const sink = new Recorder(false);
    let time = 0;
    const progress = new Progress(sink, { now: () => time });
    progress.update({ step: 9000, steps: 10_000 });
    time = 10_000;
    progress.update({ step: 9100, steps: 10_000 });
    expect(sink.writes.at(-1)).toContain("10.0 it/s");
  });

  it("never lets a line wrap", () => {
    for (const text of drive(new Recorder(true, 40), 100, 1)) expect(text.length - 4).toBeLessThan(40);
  });

  it("gives up the run's name before any number", () => {
    const lines = drive(new Recorder(true, 74), 100, 12).map((text) => text.slice(4));
    expect(lines.at(-2)).toMatch(/^step \d+\/10000 {2}.* S·η\/2 0\.991$/);
    expect(lines[0]).toMatch(/^gd {2}step 0/);
  });

  it("is silent when quiet, except for notes", () => {
    const sink = new Recorder(true);
    const progress = new Progress(sink, { now: () => 0, quiet: true });
    progress.update({ step: 1, steps: 2 });
    progress.note("saving");
    expect(sink.writes).toEqual(["saving\n"]);
  });

  it("puts a note on a line of its own", () => {
    const sink = new Recorder(true);
    const progress = new Progress(sink, { now: () => 0 });
    progress.update({ step: 1, steps: 2 });
    progress.note("saving");
    expect(sink.writes.slice(1)).toEqual(["\r\u001B[K", "saving\n"]);
  });

  it("omits a sharpness not yet measured and says nan for a lost loss", () => {
    const sink = new Recorder(false);
    new Progress(sink, { now: () => 0 }).update({ step: 1, steps: 2, loss: null, sharpness: null });
    expect(sink.writes).toEqual(["step 1/2  loss nan\n"]);
  });
});
