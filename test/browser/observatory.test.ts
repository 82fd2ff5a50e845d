// The observatory in Chromium: a live run followed, runs filtered, figures saved, a broken connection, a static copy.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Hono } from "hono";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { madeUpLoss, writeMadeUpRun } from "../../bench/parts/recorded-runs.ts";
import type { RunSummary } from "../../src/record/index.ts";
import { openLaboratory, type Laboratory } from "../../src/server/laboratory.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { siteApp } from "../../src/server/site.ts";
import { writeSnapshot } from "../../src/server/snapshot.ts";
import { start } from "../end-to-end/brink.ts";
import { describeInBrowser, launchBrowser, openPage, PATIENCE_MS, siteFolder } from "./launch.ts";

const LONG = 4 * PATIENCE_MS;

let browser: Browser;
let folder: string;
let root: string;
let laboratory: Laboratory | null;
let server: Listening;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "brink-observatory-"));
  root = path.join(folder, "runs");
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server.close();
  await laboratory?.close();
  rmSync(folder, { recursive: true });
});

/** Serves the runs in `root`; on the port of an earlier server when given. */
async function serve(port = 0): Promise<string> {
  laboratory = openLaboratory({
    root,
    site: await siteFolder(),
    brink: "test",
    startedAt: new Date(),
    allowRuns: null,
    pollMs: 100,
  });
  server = await listen(laboratory.app, port);
  return server.address;
}

/** Text of a run's row once it says `wanted`. */
async function row(page: Page, id: string, wanted: RegExp | string): Promise<string> {
  const found = page.locator("table.runs tbody tr", { hasText: id }).filter({ hasText: wanted });
  await found.waitFor();
  return found.innerText();
}

/** Saves a chart; resolves with the file's text. */
async function saved(page: Page, chart: string, format: "SVG" | "CSV"): Promise<string> {
  const figure = page.locator(`#chart-${chart}`);
  const button = figure.getByRole("button", { name: format, exact: true });
  if (!(await button.isVisible())) await figure.locator("summary", { hasText: "save" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const file = await download.path();
  return readFileSync(file, "utf8");
}

describeInBrowser("observatory", () => {
  beforeAll(async () => {
    browser = await launchBrowser();
  }, LONG);

  afterAll(async () => {
    await browser.close();
  });

  it(
    "follows a run that trains in another terminal, from its first step to its end",
    async () => {
      const { page, problems } = await openPage(browser, await serve());
      await page.getByText("No runs in runs yet").waitFor();
      const file = path.resolve("experiments/chebyshev.yaml");
      const run = start(folder, ["run", file, "--threads", "1", "--set", "steps=2500"]);
      await row(page, "chebyshev", "running");
      // The chart has drawn before the run is over.
      const sharpness = page.locator("#chart-sharpness canvas").first();
      await sharpness.waitFor();
      expect((await run.result).code).toBe(0);
      const text = await row(page, "chebyshev", "finished");
      const [id] = laboratory!.watch.list().runs.map((entry) => entry.id);
      const summary = JSON.parse(readFileSync(path.join(root, id!, "summary.json"), "utf8")) as RunSummary;
      // What the page says last is what the record says last.
      expect(text).toContain(String(Number(summary.sharpness!.toPrecision(4))));
      const csv = await saved(page, "sharpness", "CSV");
      const [head, ...lines] = csv.trim().split("\n");
      const y = head!.split(",").indexOf("y");
      const values = lines.map((line) => Number(line.split(",")[y]));
      expect(values).toContain(summary.sharpness);
      expect(problems).toEqual([]);
    },
    LONG,
  );

  it(
    "filters by settings, says what is wrong with a filter, and comes back from its address",
    async () => {
      for (const batch of [10, 50, 100, "full"] as const) {
        writeMadeUpRun(root, {
          id: `made-b${batch}`,
          batch,
          steps: 600,
          status: batch === 10 ? "diverged" : "finished",
        });
      }
      const address = await serve();
      const { page, problems } = await openPage(browser, address);
      await row(page, "made-bfull", "finished");
      const rows = page.locator("table.runs tbody tr[aria-rowindex]");
      expect(await rows.count()).toBe(4);
      const filter = page.locator("#filter");
      await filter.fill("optimizer.batch >= 50 and status = finished");
      await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(2);
      await filter.fill("optimizer.batch >= ");
      const problem = page.locator("#filter-problem");
      await expect.poll(() => problem.innerText(), { timeout: PATIENCE_MS }).not.toBe("");
      await filter.fill("optimizer.batch = 50");
      await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(1);
      const asked = (): string | null => new URLSearchParams(new URL(page.url()).hash.slice(1)).get("q");
      await expect.poll(asked, { timeout: PATIENCE_MS }).toBe("optimizer.batch = 50");
      await page.reload();
      await row(page, "made-b50", "finished");
      expect(await rows.count()).toBe(1);
      expect(await filter.inputValue()).toBe("optimizer.batch = 50");
      // An address with nonsense in it still shows the runs, and says so.
      await page.goto("about:blank");
      await page.goto(`${address}#tab=nonsense&zoom=a,b&nothing=1`);
      await row(page, "made-b50", "finished");
      await page.getByText("nonsense").first().waitFor();
      expect(problems).toEqual([]);
    },
    LONG,
  );

  it(
    "saves a chart with its numbers, as drawing and as table",
    async () => {
      writeMadeUpRun(root, { id: "made", seed: 3, steps: 300, every: 10 });
      const { page, problems } = await openPage(browser, await serve());
      await page.locator("#chart-loss canvas").first().waitFor();
      const csv = await saved(page, "loss", "CSV");
      const [head, ...lines] = csv.trim().split("\n");
      const columns = head!.split(",");
      expect(columns).toEqual(expect.arrayContaining(["run", "series", "step", "y"]));
      const cells = lines.map((line) => line.split(","));
      const at200 = cells.filter((line) => line[columns.indexOf("step")] === "200");
      expect(at200.map((line) => Number(line[columns.indexOf("y")]))).toContain(madeUpLoss(199, 3));
      const svg = await saved(page, "loss", "SVG");
      expect(svg).toMatch(/^(?:<\?xml[^>]*>\s*)?<svg/);
      const parsed = await page.evaluate((text) => {
        const found = new DOMParser().parseFromString(text, "image/svg+xml");
        return [
          found.documentElement.nodeName,
          found.querySelectorAll("parsererror").length,
          found.querySelectorAll("path").length,
        ];
      }, svg);
      expect(parsed.slice(0, 2)).toEqual(["svg", 0]);
      expect(parsed[2]).toBeGreaterThan(0);
      expect(problems).toEqual([]);
    },
    LONG,
  );

  it(
    "stays itself with many runs: rows off screen do not exist, and all charts follow a zoom",
    async () => {
      for (let i = 0; i < 120; i++) writeMadeUpRun(root, { id: `made-${i}`, seed: i, steps: 400, every: 20 });
      const { page, problems } = await openPage(browser, await serve());
      await row(page, "made-0", "finished");
      expect(await page.locator("table.runs").getAttribute("aria-rowcount")).toBe("121");
      expect(await page.locator("table.runs tbody tr[aria-rowindex]").count()).toBeLessThan(60);
      await page.locator(".runs-scroll").evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await row(page, "made-119", "finished");
      const canvas = page.locator("#chart-loss canvas").first();
      await canvas.waitFor();
      const box = (await canvas.boundingBox())!;
      await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.5 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.5 * box.height, { steps: 4 });
      await page.mouse.up();
      await page.locator("#chart-sharpness").getByRole("button", { name: "zoom ×" }).waitFor();
      expect(problems).toEqual([]);
    },
    LONG,
  );

  it(
    "says when the server is gone, and goes on when it is back",
    async () => {
      writeMadeUpRun(root, { id: "first", steps: 100 });
      const address = await serve();
      const { page } = await openPage(browser, address);
      await row(page, "first", "finished");
      await server.close();
      await laboratory!.close();
      await page.getByText("The connection to the server broke").waitFor();
      writeMadeUpRun(root, { id: "second", seed: 1, steps: 100 });
      await serve(Number(new URL(address).port));
      await row(page, "second", "finished");
      await page.getByText("The connection to the server broke").waitFor({ state: "detached" });
    },
    LONG,
  );

  it(
    "shows a copy of runs from a static host, under any path, and broken ones as such",
    async () => {
      const folders = [0, 1].map((seed) => writeMadeUpRun(root, { id: `made-s${seed}`, seed, steps: 300 }));
      const broken = writeMadeUpRun(root, { id: "torn", steps: 100 });
      rmSync(path.join(broken, "summary.json"));
      const text = readFileSync(path.join(broken, "events.jsonl"), "utf8");
      writeFileSync(path.join(broken, "events.jsonl"), text.replace('"loss"', "loss"));
      const out = path.join(folder, "public");
      await writeSnapshot({
        folders: [...folders, broken],
        site: await siteFolder(),
        out,
        brink: "test",
        madeAt: new Date(),
      });
      laboratory = null;
      const host = new Hono();
      host.route("/some/where", siteApp(out, "/some/where"));
      server = await listen(host, 0);
      const { page, problems } = await openPage(browser, `${server.address}some/where/`);
      await row(page, "made-s1", "finished");
      await row(page, "torn", "broken");
      await page.getByText("torn cannot be read").waitFor();
      await page.locator("#chart-sharpness canvas").first().waitFor();
      expect(await page.getByRole("button", { name: "New experiment" }).count()).toBe(0);
      expect(problems).toEqual([]);
    },
    LONG,
  );
});
