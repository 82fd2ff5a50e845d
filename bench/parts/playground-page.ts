// The playground in Chromium, timed from inside: steps, processor time of the page, and how long its main thread was held.
import { listen, siteApp } from "brink/server";
import type { Page } from "playwright-core";
import { launchBrowser, siteFolder } from "./browser.ts";

/** What a stretch of training came to. */
export interface Stretch {
  readonly steps: number;
  readonly seconds: number;
  /** Processor seconds of the page's process: worker threads, main thread and drawing together. */
  readonly processorSeconds: number;
  /** Stretches of the main thread over 50 ms, and the longest in ms (0 without any). */
  readonly longTasks: number;
  readonly longestTask: number;
}

/** What to train, and for how long. */
export interface Task {
  /** Settings, as the page's address has them. */
  readonly hash: string;
  /** File to train on. */
  readonly file?: string;
  /** Steps before the clock starts: compiling and first drawings. */
  readonly warmup: number;
  /** At least so long, and at least so many steps. */
  readonly seconds: number;
  readonly steps: number;
}

export interface PlaygroundBench {
  readonly browser: string;
  readonly measure: (task: Task) => Promise<Stretch>;
  readonly close: () => Promise<void>;
}

const PATIENCE_MS = 300_000;

/** Starts a browser with the built pages served beside it. @throws Error where there is no browser */
export async function openPlayground(): Promise<PlaygroundBench> {
  const folder = await siteFolder();
  const browser = await launchBrowser();
  const site = await listen(siteApp(folder), 0);
  const session = await browser.newBrowserCDPSession();
  const processorSeconds = async (): Promise<number> => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo
      .filter(({ type }) => type === "renderer")
      .reduce((total, { cpuTime }) => total + cpuTime, 0);
  };
  return {
    browser: `Chromium ${browser.version()}`,
    measure: async (task) => {
      // The page's policy forbids evaluating text, which is how the readings below get in.
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true });
      const page = await context.newPage();
      try {
        return await measure(page, `${site.address}playground.html#${task.hash}`, task, processorSeconds);
      } finally {
        await context.close();
      }
    },
    close: async () => {
      await browser.close();
      await site.close();
    },
  };
}

async function measure(
  page: Page,
  address: string,
  { file, warmup, seconds, steps }: Task,
  processorSeconds: () => Promise<number>,
): Promise<Stretch> {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(address);
  if (file !== undefined) {
    await page.locator(".drop input").setInputFiles(file);
    await page.locator(".drop", { hasText: "examples" }).waitFor();
  }
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.waitForFunction(`(${stepOf})() >= ${warmup}`);
  await page.evaluate(watchLongTasks);
  const [begin, used] = [await page.evaluate<Reading>(`(${read})(${stepOf})`), await processorSeconds()];
  await page.waitForTimeout(1000 * seconds);
  // Only just counted: otherwise a stretch of few slow steps would end anywhere between two.
  const enough = Math.max(
    steps,
    (await page.evaluate<Reading>(`(${read})(${stepOf})`)).step - begin.step + 1,
  );
  await page.waitForFunction(`(${stepOf})() >= ${begin.step + enough}`, undefined, { polling: 20 });
  const [end, usedThen] = [await page.evaluate<Reading>(`(${read})(${stepOf})`), await processorSeconds()];
  return {
    steps: end.step - begin.step,
    seconds: (end.now - begin.now) / 1000,
    processorSeconds: usedThen - used,
    longTasks: end.tasks.length,
    longestTask: Math.max(0, ...end.tasks),
  };
}

interface Reading {
  readonly step: number;
  readonly now: number;
  readonly tasks: readonly number[];
}

// In the page, as text: this file's compiler knows no DOM.
const stepOf = `() => Number(/step (\\d+)/.exec(document.querySelector(".results > .status")?.textContent ?? "")?.[1] ?? -1)`;
const read = `(stepOf) => ({ step: stepOf(), now: performance.now(), tasks: globalThis.longTasks })`;
const watchLongTasks = `(() => {
  globalThis.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: "longtask" });
})()`;
