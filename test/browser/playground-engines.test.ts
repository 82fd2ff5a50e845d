// The playground's engines in Chromium: on a host that sets no headers, on WebGPU, and what a picture of a chart is.
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { describeSite, openPage, siteFolder, type WatchedPage } from "./launch.ts";
import { column, press, savedBytes, untilStatus } from "./playground-page.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** What any static host does with a folder: files under a sub-path, and not one header more than their type. */
async function plainHost(under: string): Promise<{ readonly address: string; readonly server: Server }> {
  const folder = await siteFolder();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    const file = path.join(folder, pathname.slice(under.length));
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    if (!pathname.startsWith(under) || !file.startsWith(folder)) response.writeHead(404).end();
    else {
      readFile(file).then(
        (bytes) => response.writeHead(200, { "content-type": type }).end(bytes),
        () => response.writeHead(404).end(),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return { address: `http://127.0.0.1:${port}${under}`, server };
}

describeSite("the playground's engines", (openSite, browser) => {
  const TIMEOUT = 300_000;
  const RUN = "seed=5&lr=0.05&steps=12&every=4&k=1&landscape=0&widths=16";

  /** Trains to the end; the losses, and what the page says of its engine. */
  async function trained(opened: Promise<WatchedPage>): Promise<{
    losses: Map<number, number>;
    engine: string;
    isolated: boolean;
    problems: readonly string[];
  }> {
    const { page, problems } = await opened;
    await press(page, "Run");
    await untilStatus(page, /Finished: step 12/);
    const losses = await column(page, "loss", 1, "loss");
    const engine = (await page.locator(".machine").textContent())!;
    const isolated = await page.evaluate(() => globalThis.crossOriginIsolated);
    await page.context().close();
    return { losses, engine, isolated, problems };
  }

  it(
    "trains on a host without the headers, under a sub-path, on one thread, and says why",
    async () => {
      const { address, server } = await plainHost("/some/where/");
      try {
        const there = await trained(openPage(browser(), `${address}playground.html#${RUN}`));
        expect(there.isolated).toBe(false);
        expect(there.engine).toMatch(/wasm, 1 thread.*not cross-origin isolated/);
        const here = await trained(openSite(`playground.html#${RUN}`));
        expect(here.isolated).toBe(true);
        expect(here.engine).not.toContain("isolated");
        expect(there.losses.size).toBe(12);
        for (const [step, loss] of here.losses) expect(there.losses.get(step)).toBeCloseTo(loss, 6);
        // Pages without an icon of their own are asked for one.
        expect([...there.problems, ...here.problems].filter((text) => !text.includes("404"))).toEqual([]);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
    TIMEOUT,
  );

  it(
    "trains on WebGPU with the numbers of the processor, or says why it does not",
    async () => {
      const graphics = await trained(openSite(`playground.html#${RUN}&device=webgpu`));
      const processor = await trained(openSite(`playground.html#${RUN}`));
      expect(graphics.engine).toMatch(
        /webgpu, 1 thread|WebGPU was asked for but .+: computing on the processor/,
      );
      expect(graphics.losses.size).toBe(12);
      for (const [step, loss] of processor.losses) {
        expect(Math.abs(graphics.losses.get(step)! / loss - 1)).toBeLessThan(1e-4);
      }
    },
    TIMEOUT,
  );

  it.each(["index.html", "playground.html", "simulator.html", "orbits.html"])(
    "first loads less than 250 kB of %s, compressed, and no engine",
    async (name) => {
      const { page } = await openSite(name);
      await page.waitForLoadState("networkidle");
      const addresses = await page.evaluate(() => [
        location.href,
        ...performance.getEntriesByType("resource").map((entry) => entry.name),
      ]);
      const loaded = addresses
        .map((address) => new URL(address).pathname)
        .filter((pathname) => TYPES[path.extname(pathname)] !== undefined);
      expect(loaded.length).toBeGreaterThan(2);
      expect(loaded.filter((pathname) => pathname.endsWith(".wasm"))).toEqual([]);
      let total = 0;
      for (const pathname of new Set(loaded)) {
        total += gzipSync(await readFile(path.join(await siteFolder(), pathname))).length;
      }
      expect(total).toBeGreaterThan(10_000);
      expect(total).toBeLessThan(250_000);
      await page.context().close();
    },
    TIMEOUT,
  );

  it(
    "saves a chart as a picture of twice its size",
    async () => {
      const { page, problems } = await openSite(`playground.html#${RUN}`);
      await press(page, "Run");
      await untilStatus(page, /Finished: step 12/);
      const svg = (await savedBytes(page, "loss", "SVG")).toString("utf8");
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
      const png = await savedBytes(page, "loss", "PNG");
      expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * width!, 2 * height!]);
      // Not a blank sheet: a page of one colour packs into a few hundred bytes.
      expect(png.length).toBeGreaterThan(3000);
      expect(problems).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );
});
