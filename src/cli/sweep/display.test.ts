// The progress of a sweep: lines on and off a terminal, redraws that leave nothing behind, time left.
import { describe, expect, it } from "vitest";
import { SweepDisplay } from "./display.ts";

const escape = String.fromCodePoint(27);
const control = new RegExp(`(${escape}\\[\\d*[AJ]|\\n)`);
const cursorUp = new RegExp(`^${escape}\\[(\\d+)A$`);

class Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  text = "";
  constructor(isTTY: boolean, columns = 100) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
  }
  /** What a terminal shows: cursor up and clear to the end are the only controls used. */
  get lines(): string[] {
    const shown = [""];
    for (const part of this.text.split(control)) {
      const up = cursorUp.exec(part);
      if (up !== null) shown.splice(shown.length - 1 - Number(up[1]), Infinity, "");
      else if (part === "\n") shown.push("");
      else if (!part.endsWith("[J")) shown[shown.length - 1] += part;
    }
    return shown.slice(0, -1);
  }
}

function setup(isTTY: boolean, extra: object = {}, columns = 100) {
  const time = { now: 0 };
  const screen = new Screen(isTTY, columns);
  const options = { now: () => time.now, quiet: false, jobs: 2, total: 5, over: 1, ...extra };
  return { time, screen, display: new SweepDisplay(screen, options) };
}

const run = (name: string, fromStep = 0) => ({ name, steps: 1000, threshold: 200, fromStep });

describe("on a terminal", () => {
  it("has a line a running job and a total, redrawn in place", () => {
    const { time, screen, display } = setup(true);
    display.start("a", run("gap-b50-s0"));
    display.start("b", run("gap-b100-s0"));
    time.now = 10_000;
    display.update("a", { step: 100, loss: 0.25, sharpness: 198.2 });
    time.now = 20_000;
    display.update("b", { step: 100, loss: null, sharpness: null });
    expect(screen.lines).toEqual([
      "  gap-b50-s0  step 100/1000  ETA 3:00  loss 0.250  S 198.2  S·η/2 0.991",
      "  gap-b100-s0  step 100/1000  ETA 3:00",
      // Two running with 180 s each, two waiting with the average of 200 s, over two jobs.
      "1 of 5 runs done  2 running  ETA 6:20",
    ]);
  });

  it("puts notes and endings above what runs, and leaves nothing behind at the end", () => {
    const { time, screen, display } = setup(true);
    display.start("a", run("a"));
    display.start("b", run("b"));
    display.note("b: started");
    time.now = 1000;
    display.update("a", { step: 1000 });
    display.end("a", "a: finished at step 1000", false);
    expect(screen.lines).toEqual([
      "b: started",
      "a: finished at step 1000",
      "  b  step 0/1000",
      // One second a run is all that is known: four more of them, one at work.
      "2 of 5 runs done  1 running  ETA 2 s",
    ]);
    display.end("b", "b: failed", true);
    display.done();
    expect(screen.lines).toEqual(["b: started", "a: finished at step 1000", "b: failed"]);
  });

  it("counts a resumed run's speed from where it went on", () => {
    const { time, screen, display } = setup(true, { total: 1, over: 0 });
    display.start("a", run("a", 900));
    time.now = 10_000;
    display.update("a", { step: 950 });
    expect(screen.lines).toEqual(["  a  step 950/1000  ETA 10 s", "0 of 1 runs done  1 running  ETA 10 s"]);
  });

  it("never lets a line wrap, and redraws at most five times a second", () => {
    const { time, screen, display } = setup(true, {}, 20);
    display.start("a", run("a-rather-long-name-for-a-run"));
    for (; time.now < 1000; time.now += 10) display.update("a", { step: time.now, loss: 1, sharpness: 1 });
    expect(screen.lines.every((line) => Array.from(line).length < 20)).toBe(true);
    expect(screen.text.split("\u001B[J").length).toBeLessThanOrEqual(6);
  });

  it("shows many jobs in a page", () => {
    const { time, screen, display } = setup(true, { jobs: 40, total: 40, over: 0 });
    for (let i = 0; i < 40; i++) display.start(String(i), run(`run-${i}`));
    time.now = 1000;
    display.update("0", { step: 1 });
    expect(screen.lines).toHaveLength(17);
    expect(screen.lines.at(-2)).toBe("… 25 more running");
  });
});

describe("elsewhere", () => {
  it("is plain lines: endings at once, the whole every half minute", () => {
    const { time, screen, display } = setup(false);
    display.start("a", run("a"));
    for (; time.now <= 65_000; time.now += 1000) display.update("a", { step: time.now / 1000 });
    display.end("a", "a: finished", false);
    expect(screen.text).not.toContain("\u001B");
    expect(screen.lines).toEqual([
      expect.stringMatching(/^1 of 5 runs done {2}1 running {2}ETA /),
      "  a  step 30/1000  ETA 16:10",
      expect.stringMatching(/^1 of 5 runs done {2}1 running {2}ETA /),
      "  a  step 60/1000  ETA 15:40",
      "a: finished",
    ]);
  });

  it("is silent when quiet, except for warnings", () => {
    const { time, screen, display } = setup(true, { quiet: true });
    display.start("a", run("a"));
    time.now = 1000;
    display.update("a", { step: 1 });
    display.note("a note");
    display.warn("a warning");
    display.end("a", "a: finished", false);
    expect(screen.lines).toEqual(["a warning"]);
  });
});
