// The observatory's page in the hands of a reader: opened until its charts are full, then hovered, zoomed, scrolled, filtered.
import type { Browser, Page } from "playwright-core";

/** Opens the page; waits for the table, then until nothing is being fetched any more. */
export async function openFull(
  browser: Browser,
  address: string,
  runs: number,
): Promise<{ page: Page; tableSeconds: number; chartsSeconds: number; points: number }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(600_000);
  let [open, fetched, bytes] = [0, 0, 0];
  page.on("request", (request) => {
    if (request.url().includes("series.safetensors")) open += 1;
  });
  page.on("response", (response) => {
    if (!response.url().includes("series.safetensors")) return;
    void response.body().then((body) => {
      [open, fetched, bytes] = [open - 1, fetched + 1, bytes + body.length];
    });
  });
  const started = performance.now();
  await page.goto(address);
  await page.locator("table.runs tbody tr[aria-rowindex]").first().waitFor();
  const tableSeconds = (performance.now() - started) / 1000;
  let quietSince = performance.now();
  while (fetched < runs || performance.now() - quietSince < 1000) {
    if (open > 0 || fetched < runs) quietSince = performance.now();
    await pause(50);
  }
  const chartsSeconds = (quietSince - started) / 1000;
  await page.locator("#chart-loss canvas").first().waitFor();
  // Two float64 a point; the headers are small beside them.
  return { page, tableSeconds, chartsSeconds, points: Math.round(bytes / 16) };
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
