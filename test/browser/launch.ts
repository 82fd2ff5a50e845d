// Pages in a headless Chromium for tests: skipped where there is none, errors noted, the site served as `brink serve` does.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { findBrowser, launchBrowser, siteFolder } from "../../bench/parts/browser.ts";
import { listen } from "../../src/server/listen.ts";
import { siteApp } from "../../src/server/site.ts";

export { launchBrowser, siteFolder } from "../../bench/parts/browser.ts";

/** `describe` where there is a browser; elsewhere the tests are counted as skipped. */
export const describeInBrowser: typeof describe | typeof describe.skip =
  findBrowser() === null ? describe.skip : describe;

/** Patience for one condition in a page, on a machine that is busy with other things. */
export const PATIENCE_MS = 60_000;

/** A page, and what went wrong in it: a test ends by expecting `problems` to be empty. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors, console errors, and requests that failed. */
  readonly problems: string[];
}

/** Opens a page that notes its errors. */
export async function openPage(
  browser: Browser,
  address: string,
  viewport: { readonly width: number; readonly height: number } = { width: 1280, height: 800 },
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    // A page that is left, or a stream that is closed, cancels what it was waiting for.
    if (reason !== "net::ERR_ABORTED") problems.push(`${request.url()}: ${reason}`);
  });
  await page.goto(address);
  return { page, problems };
}

/** The built pages on a free port of this machine. */
export async function serveSite(): Promise<{ readonly address: string; close(): Promise<void> }> {
  return listen(siteApp(await siteFolder()), 0);
}

/** Opens a page of the served site by its name and what follows, such as `playground.html#seed=1`. */
export type OpenSitePage = (name: string) => Promise<WatchedPage>;

/** `describeInBrowser` with one browser and one served site for all its tests. */
export function describeSite(
  title: string,
  body: (open: OpenSitePage, browser: () => Browser) => void,
): void {
  describeInBrowser(title, () => {
    let browser: Browser | undefined;
    let site: { readonly address: string; close(): Promise<void> } | undefined;
    beforeAll(async () => {
      site = await serveSite();
      browser = await launchBrowser();
    }, 300_000);
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });
    body(
      (name) => openPage(browser!, `${site!.address}${name}`),
      () => browser!,
    );
  });
}
