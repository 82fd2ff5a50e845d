// The observatory's page in the hands of a reader: opened until its charts are full, then hovered, zoomed, scrolled, filtered.
import type { Browser, Page } from "playwright-core";
import { processorClock } from "./frames.ts";

/** Nothing is fetched for as long: the charts are full. */
const QUIET_MS = 3000;

/** Opens the page; waits for the table, then until nothing is being fetched any more. */
export async function openFull(
  browser: Browser,
  address: string,
  runs: number,
): Promise<{
  readonly page: Page;
  readonly tableSeconds: number;
  readonly chartsSeconds: number;
  readonly processorSeconds: number;
  readonly points: number;
}> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(600_000);
  const series = { open: 0, fetched: 0, bytes: 0 };
  const isSeries = (url: string): boolean => url.includes("series.safetensors");
  page.on("request", (request) => {
    if (isSeries(request.url())) series.open += 1;
  });
  page.on("response", async (response) => {
    if (!isSeries(response.url())) return;
    const body = await response.body();
    series.bytes += body.length;
    series.fetched += 1;
    series.open -= 1;
  });
  const clock = await processorClock(page);
  const started = performance.now();
  await page.goto(address);
  await page.locator("table.runs tbody tr[aria-rowindex]").first().waitFor();
  const tableSeconds = (performance.now() - started) / 1000;
  let quietSince = performance.now();
  for (;;) {
    const full = series.open === 0 && series.fetched >= runs;
    if (!full) quietSince = performance.now();
    else if (performance.now() - quietSince >= QUIET_MS) break;
    await pause(50);
  }
  const chartsSeconds = (quietSince - started) / 1000;
  await page.locator("#chart-loss canvas").first().waitFor();
  // Two float64 a point; the headers are small beside them.
  const processorSeconds = await clock();
  return { page, tableSeconds, chartsSeconds, processorSeconds, points: Math.round(series.bytes / 16) };
}

/** What a reader does with a full page. */
export const ACTIONS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async hover(page) {
    const box = (await page.locator("#chart-loss canvas").first().boundingBox())!;
    for (let i = 0; i <= 40; i++) {
      await page.mouse.move(box.x + (box.width * i) / 40, box.y + box.height * (0.3 + 0.4 * ((i % 5) / 5)));
    }
  },
  async zoom(page) {
    const box = (await page.locator("#chart-loss canvas").first().boundingBox())!;
    const middle = box.y + box.height / 2;
    for (const [from, to] of [
      [0.2, 0.8],
      [0.3, 0.7],
      [0.4, 0.6],
    ] as const) {
      await page.mouse.move(box.x + from * box.width, middle);
      await page.mouse.down();
      await page.mouse.move(box.x + to * box.width, middle, { steps: 8 });
      await page.mouse.up();
      await pause(300);
    }
    await page.mouse.dblclick(box.x + box.width / 2, middle);
    await pause(300);
  },
  async table(page) {
    const box = (await page.locator(".runs-scroll").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let i = 0; i < 40; i++) await page.mouse.wheel(0, i < 20 ? 200 : -200);
  },
  async filter(page) {
    await page.locator("#filter").fill("optimizer.batch = 50");
    await pause(500);
    await page.locator("#filter").fill("");
    await pause(500);
  },
};

/** JavaScript heap and array buffers after a collection, in MiB. */
export async function heap(page: Page): Promise<number> {
  const bytes = await page.evaluate(async () => {
    (globalThis as { gc?: () => void }).gc?.();
    const measured = performance as { measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> };
    return (await measured.measureUserAgentSpecificMemory?.())?.bytes ?? Number.NaN;
  });
  return Math.round(bytes / 2 ** 20);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
