// How smoothly a page goes on drawing while somebody uses it.
import type { Page } from "playwright-core";

/** Times between frames in ms. */
export interface Frames {
  readonly frames: number;
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
  /** Milliseconds by which tasks of the main thread were longer than 50 ms, together. */
  readonly blocked: number;
  /** Processor time of the main thread in ms: what other work on the machine inflates least. */
  readonly processor: number;
}

interface Recorder {
  frames: number[];
  blocked: number;
  stop: () => void;
}

/** Records every frame and long task of `page` while `act` uses it. */
export async function recordFrames(page: Page, act: (page: Page) => Promise<void>): Promise<Frames> {
  const clock = await processorClock(page);
  await page.evaluate(() => {
    const recorder: Recorder = { frames: [], blocked: 0, stop: () => {} };
    let [last, going] = [performance.now(), true];
    const tick = (now: number): void => {
      recorder.frames.push(now - last);
      last = now;
      if (going) requestAnimationFrame(tick);
    };
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) recorder.blocked += duration - 50;
    });
    observer.observe({ type: "longtask" });
    recorder.stop = () => {
      going = false;
      observer.disconnect();
    };
    (globalThis as { recorder?: Recorder }).recorder = recorder;
    requestAnimationFrame(tick);
  });
  await act(page);
  const { frames, blocked } = await page.evaluate(() => {
    const { recorder } = globalThis as unknown as { recorder: Recorder };
    recorder.stop();
    return { frames: recorder.frames.slice(1), blocked: recorder.blocked };
  });
  const processor = Math.round(1000 * (await clock()));
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
  return {
    frames: frames.length,
    median: at(0.5),
    p95: at(0.95),
    longest: at(1),
    blocked: Math.round(blocked),
    processor,
  };
}

/** Starts counting the processor time of a page's main thread; the function it gives tells the seconds since. */
export async function processorClock(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const before = await read();
  return async () => (await read()) - before;
}
