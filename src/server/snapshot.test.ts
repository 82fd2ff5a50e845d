// A snapshot is what a server answers, under the same addresses, beside the pages.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeMadeUpRun } from "../../bench/parts/recorded-runs.ts";
import { API, decodeSeries, type GapPage, type RunDetail, type RunList } from "../record/index.ts";
import { listen } from "./listen.ts";
import { openLaboratory } from "./laboratory.ts";
import { siteApp } from "./site.ts";
import { writeSnapshot } from "./snapshot.ts";

let root: string;
let site: string;
let out: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "brink-snapshot-"));
  [site, out] = [path.join(root, "site"), path.join(root, "out")];
  mkdirSync(path.join(site, "assets"), { recursive: true });
  writeFileSync(path.join(site, "index.html"), "observatory");
  writeFileSync(path.join(site, "assets", "a.js"), "export {}");
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

const write = (folders: readonly string[]): Promise<number> =>
  writeSnapshot({ folders, site, out, brink: "1.2.3", madeAt: new Date(0) });

function file(address: string): unknown {
  return JSON.parse(readFileSync(path.join(out, address), "utf8"));
}

it("holds the answers of a live server, and says that it is none", async () => {
  const runs = path.join(root, "runs");
  const folders = ["a", "b c"].map((id, i) => writeMadeUpRun(runs, { id, seed: i, steps: 60 }));
  writeMadeUpRun(runs, { id: "not-chosen", steps: 10 });
  expect(await write(folders)).toBe(7);
  expect(readFileSync(path.join(out, "index.html"), "utf8")).toBe("observatory");
  expect(readFileSync(path.join(out, "_headers"), "utf8")).toContain(
    "Cross-Origin-Embedder-Policy: require-corp",
  );
  expect(file(API.info)).toEqual({
    version: 1,
    brink: "1.2.3",
    mode: "snapshot",
    runsDir: "runs",
    allowRuns: false,
    startedAt: "1970-01-01T00:00:00.000Z",
  });
  const list = file(API.runs) as RunList;
  expect(list.runs.map(({ id }) => id)).toEqual(["a", "b c"]);
  expect((file(API.gap) as GapPage).families).toHaveLength(1);

  const live = openLaboratory({ root: runs, site: null, brink: "", startedAt: new Date(), allowRuns: null });
  const ask = (address: string): Promise<Response> =>
    Promise.resolve(live.app.request(`/${address}`, { headers: { host: "localhost" } }));
  const detail = (await (await ask(API.run("b c"))).json()) as RunDetail;
  expect((file("api/runs/b c/run.json") as RunDetail).yaml).toBe(detail.yaml);
  await live.close();

  // Under its own server, as any static host would serve it.
  const host = await listen(siteApp(out), 0);
  const answer = await fetch(`${host.address}${API.series("b c")}?only=ignored`);
  const block = decodeSeries(new Uint8Array(await answer.arrayBuffer()), "b c");
  expect(block.series.get("step loss")!.steps).toHaveLength(60);
  await host.close();
});

it("replaces an earlier snapshot, and nothing else", async () => {
  await write([]);
  await write([]);
  expect(file(API.runs)).toEqual({ runs: [], ignored: [], queue: [] });
  rmSync(out, { recursive: true });
  mkdirSync(out);
  await write([]);
  rmSync(out, { recursive: true });
  mkdirSync(out);
  writeFileSync(path.join(out, "thesis.tex"), "");
  await expect(write([])).rejects.toThrow("thesis.tex");
  expect(existsSync(path.join(out, "index.html"))).toBe(false);
});

it("cannot hold two runs of one name", async () => {
  const folders = ["x", "y"].map((parent) => writeMadeUpRun(path.join(root, parent), { id: "a", steps: 5 }));
  await expect(write(folders)).rejects.toThrow("two runs have the same id");
});
