// `brink serve` as a user starts it: the address, a taken port, a run started and paused over HTTP, Ctrl-C.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RunList, RunSummary, ServerInfo } from "../../src/record/index.ts";
import { brink, type Running, scratch, start } from "./brink.ts";

let folder: string;
let server: Running | null = null;

beforeEach(() => {
  folder = scratch();
});

afterEach(async () => {
  server?.child.kill("SIGTERM");
  await server?.result;
  server = null;
  rmSync(folder, { recursive: true });
});

/** Starts the server on any port; resolves with its address. */
async function serve(...args: readonly string[]): Promise<string> {
  let text = "";
  server = start(folder, ["serve", "--port", "0", "--json", ...args]);
  server.child.stdout!.on("data", (chunk: string) => (text += chunk));
  await server.printed("\n");
  await vi.waitUntil(() => text.includes("\n"), { timeout: 60_000 });
  return (JSON.parse(text.split("\n")[0]!) as { address: string }).address;
}

const patience = { timeout: 90_000, interval: 100 };

describe("brink serve", () => {
  it("shows the pages and an empty laboratory, read-only, and ends with Ctrl-C", async () => {
    const address = await serve();
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await fetch(address);
    expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(await page.text()).toContain("<title>Brink");
    expect((await (await fetch(`${address}api/info.json`)).json()) as ServerInfo).toMatchObject({
      mode: "live",
      runsDir: "runs",
      allowRuns: false,
    });
    expect(await (await fetch(`${address}api/runs.json`)).json()).toEqual({
      runs: [],
      queue: [],
      ignored: [],
    });
    const second = await brink(folder, ["serve", "--port", new URL(address).port]);
    expect(second).toMatchObject({ code: 2, stdout: "" });
    expect(second.stderr).toContain("--port: the port is taken");
    // An open stream must not keep it alive.
    const stream = await fetch(`${address}api/stream`);
    server!.child.kill("SIGINT");
    expect(await server!.result).toMatchObject({ code: 0, signal: null });
    await stream.text().catch(() => "");
  }, 120_000);

  it("says what is wrong with a folder", async () => {
    const run = async (...args: string[]): Promise<string> =>
      (await brink(folder, ["serve", ...args])).stderr;
    expect(await run("nowhere")).toContain("nowhere: no such folder");
    expect(await run("--port", "99999")).toContain("0 to 65535");
  });

  it("starts, pauses, resumes and finishes a run for a page that has the key", async () => {
    const [base, query] = (await serve("--allow-runs")).split("?") as [string, string];
    const entered = await fetch(`${base}?${query}`, { redirect: "manual" });
    const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
    const headers = { cookie, "content-type": "application/json" };
    const post = async (to: string, body: object): Promise<number> =>
      (await fetch(`${base}api/${to}`, { method: "POST", headers, body: JSON.stringify(body) })).status;
    const runs = async (): Promise<RunList["runs"]> =>
      ((await (await fetch(`${base}api/runs.json`)).json()) as RunList).runs;
    const yaml =
      "{name: cheb, data: {name: chebyshev}, net: {name: mlp, widths: [8]}, optimizer: {name: gd, lr: 0.1}, " +
      "steps: 2000000, measure: {every: 50}, threads: 1}";
    expect(await post("experiments", { yaml: "steps: many" })).toBe(400);
    expect(await post("experiments", { yaml })).toBe(202);
    await vi.waitUntil(async () => ((await runs())[0]?.step ?? 0) > 0, patience);
    const { id } = (await runs())[0]!;
    expect((await runs())[0]).toMatchObject({ status: "running", actions: ["pause", "stop"] });
    expect(await post(`runs/${id}/action`, { action: "pause" })).toBe(202);
    // Saved first, then its process ends, and only then can it go on.
    await vi.waitUntil(async () => (await runs())[0]!.actions.includes("resume"), patience);
    const paused = (await runs())[0]!;
    expect(paused).toMatchObject({ status: "paused", actions: ["resume", "stop"] });
    expect(await post(`runs/${id}/action`, { action: "resume" })).toBe(202);
    await vi.waitUntil(async () => (await runs())[0]!.step > paused.step, patience);
    // Ctrl-C stops it as `brink run` would: saved, to be resumed.
    server!.child.kill("SIGINT");
    expect(await server!.result).toMatchObject({ code: 0 });
    const summary = JSON.parse(
      readFileSync(path.join(folder, "runs", id, "summary.json"), "utf8"),
    ) as RunSummary;
    expect(summary.status).toBe("interrupted");
    expect(summary.step).toBeGreaterThan(paused.step);
    expect(existsSync(path.join(folder, "runs", id, "lock"))).toBe(false);
  }, 300_000);
});

describe("brink export-site", () => {
  it("writes a folder any host can serve", async () => {
    const result = await brink(folder, ["export-site", "public", "--json"]);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({ dir: "public", runs: [], answers: 3 });
    expect(readdirSync(path.join(folder, "public"))).toEqual(
      expect.arrayContaining(["index.html", "api", "_headers"]),
    );
    const unknown = await brink(folder, ["export-site", "public", "nobody"]);
    expect(unknown.code).toBe(2);
  });
});
