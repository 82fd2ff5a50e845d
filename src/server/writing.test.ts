// What a page may change: only with the key of the printed address, only well-formed, and what the queue makes of it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeMadeUpRun } from "../../bench/parts/recorded-runs.ts";
import type { Job, JobEnd } from "../node/jobs.ts";
import type { ApiError, RunList } from "../record/index.ts";
import type { RunMessage, RunTask } from "./experiment-queue.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

/** A process that does what the test says. */
interface FakeProcess {
  readonly task: RunTask;
  readonly hear: (message: RunMessage) => void;
  readonly end: (end: Partial<JobEnd>) => void;
  stopped: boolean;
}

let root: string;
let laboratory: Laboratory;
let processes: FakeProcess[];
let cookie: string;

function startRun(task: RunTask, hear: (message: RunMessage) => void): Job {
  let end!: FakeProcess["end"];
  const ended = new Promise<JobEnd>((resolve) => {
    end = (how) => resolve({ code: 0, signal: null, stderr: "", ...how });
  });
  const fake: FakeProcess = { task, hear, end, stopped: false };
  processes.push(fake);
  const stop = (): void => {
    fake.stopped = true;
    end({});
  };
  return { pid: 1, ended, stop, kill: stop };
}

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), "brink-write-"));
  processes = [];
  laboratory = openLaboratory({
    root,
    site: null,
    brink: "1.2.3",
    startedAt: new Date(0),
    allowRuns: { startRun, lanes: 1, env: {} },
    pollMs: 20,
  });
  const entered = await laboratory.app.request(`/${laboratory.query}`, {
    headers: { host: "127.0.0.1:4747" },
  });
  expect([entered.status, entered.headers.get("location")]).toEqual([302, "/"]);
  const set = entered.headers.get("set-cookie")!;
  expect(set).toMatch(/^brink-4747=\S{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  [cookie] = set.split(";") as [string];
});

afterEach(async () => {
  await laboratory.close();
  rmSync(root, { recursive: true });
});

async function send(
  method: string,
  address: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return laboratory.app.request(`/api/${address}`, {
    method,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { host: "127.0.0.1:4747", cookie, "content-type": "application/json", ...headers },
  });
}

async function message(answer: Response): Promise<string> {
  return ((await answer.json()) as ApiError).error.message;
}

async function list(): Promise<RunList> {
  const answer = await laboratory.app.request("/api/runs.json", { headers: { host: "localhost" } });
  return (await answer.json()) as RunList;
}

const yaml = "{name: toy, data: {name: chebyshev}, net: {name: mlp, widths: [4]}, steps: 10}";
const until = { timeout: 10_000, interval: 10 };

describe("access", () => {
  it("takes the key of the printed address, as a cookie", async () => {
    for (const stranger of ["", "brink-4747=", `${cookie}x`, cookie.replace("4747", "1")]) {
      const answer = await send("POST", "experiments", { yaml }, { cookie: stranger });
      expect(answer.status, stranger).toBe(403);
      expect(await message(answer)).toContain("may only look");
    }
    const wrong = await laboratory.app.request("/?key=nonsense", { headers: { host: "127.0.0.1:4747" } });
    expect(wrong.status).toBe(403);
    const allowed = async (headers: Record<string, string>): Promise<unknown> =>
      (
        await laboratory.app.request("/api/info.json", { headers: { host: "127.0.0.1:4747", ...headers } })
      ).json();
    expect(await allowed({ cookie })).toMatchObject({ allowRuns: true });
    expect(await allowed({})).toMatchObject({ allowRuns: false });
    expect(processes).toEqual([]);
  });

  it("is not given to pages of other sites, even with the cookie", async () => {
    const answer = await send("POST", "experiments", { yaml }, { origin: "http://evil.example" });
    expect(answer.status).toBe(403);
    expect(processes).toEqual([]);
  });
});

describe("requests", () => {
  it("must be JSON, small, and say what is asked for", async () => {
    const form = await send("POST", "experiments", "yaml=1", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(form.status).toBe(415);
    const half = await send("POST", "experiments", '{"yaml":');
    expect([half.status, await message(half)]).toEqual([400, expect.stringContaining("not JSON")]);
    const large = await send("POST", "experiments", { yaml: "#".repeat(2 << 20) });
    expect(large.status).toBe(413);
    const misspelt = await send("POST", "experiments", { yml: yaml });
    expect(await message(misspelt)).toContain('Did you mean "yaml"?');
    expect((await send("PUT", "experiments", { yaml })).status).toBe(405);
    expect((await send("POST", "experiments/e9/cancel", {})).status).toBe(202);
    expect(processes).toEqual([]);
  });

  it("with a bad experiment say where it is bad, as the command line does", async () => {
    const answer = await send("POST", "experiments", { yaml: "name: x\noptimizer: {lr: fast}\nstepps: 3\n" });
    expect(answer.status).toBe(400);
    const text = await message(answer);
    expect(text).toContain("experiment:2");
    expect(text).toContain('Did you mean "steps"?');
    const flag = await send("POST", "experiments", { yaml, set: ["steps"] });
    expect(await message(flag)).toContain("key=value");
  });
});

describe("notes", () => {
  it("are written beside the run and come back with it", async () => {
    const folder = writeMadeUpRun(root, { id: "a", steps: 10 });
    await vi.waitUntil(async () => (await list()).runs.length === 1, until);
    const answer = await send("PUT", "runs/a/notes", { tags: [" edge ", "edge", "keep"], text: "S ≈ 2/η" });
    expect(await answer.json()).toEqual({ tags: ["edge", "keep"], text: "S ≈ 2/η" });
    expect((await list()).runs[0]!.notes).toEqual({ tags: ["edge", "keep"], text: "S ≈ 2/η" });
    expect(JSON.parse(readFileSync(path.join(folder, "notes.json"), "utf8"))).toMatchObject({ version: 1 });
    for (const bad of [{}, { tags: [], text: 1 }, { tags: [""], text: "" }, { tags: "x", text: "" }, 7]) {
      expect((await send("PUT", "runs/a/notes", bad)).status).toBe(400);
    }
    expect((await send("PUT", "runs/b/notes", { tags: [], text: "" })).status).toBe(404);
  });
});

describe("experiments", () => {
  it("train one run after another, each in a process of its own", async () => {
    const swept = `${yaml.slice(0, -1)}, sweep: {seed: [0, 1, 2]}}`;
    const answer = await send("POST", "experiments", { yaml: swept, set: ["steps=20"] });
    expect(answer.status).toBe(202);
    const started = (await answer.json()) as { experiment: string; runs: string[] };
    expect(started.runs).toEqual(["toy-s0", "toy-s1", "toy-s2"]);
    await vi.waitUntil(() => processes.length === 1, until);
    expect(processes[0]!.task).toMatchObject({
      resume: null,
      config: { seed: 0, steps: 20, name: "toy-s0" },
    });
    expect((await list()).queue.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "toy-s0 starting",
      "toy-s1 queued",
      "toy-s2 queued",
    ]);
    processes[0]!.hear({ type: "run", run: "toy-s0" });
    processes[0]!.hear({ type: "done" });
    processes[0]!.end({});
    await vi.waitUntil(() => processes.length === 2, until);
    // What waits is dropped, what starts is stopped.
    await send("POST", `experiments/${started.experiment}/cancel`, {});
    await vi.waitUntil(async () => (await list()).queue.length === 0, until);
    expect(processes.map(({ stopped }) => stopped)).toEqual([false, true]);
  });

  it("that fail say why, and let the next one go on", async () => {
    const stream = await laboratory.app.request("/api/stream", { headers: { host: "localhost" } });
    const swept = `${yaml.slice(0, -1)}, sweep: {seed: [0, 1]}}`;
    await send("POST", "experiments", { yaml: swept });
    await vi.waitUntil(() => processes.length === 1, until);
    processes[0]!.end({ code: null, signal: "SIGKILL" });
    await vi.waitUntil(() => processes.length === 2, until);
    processes[1]!.hear({ type: "error", message: "no such data" });
    processes[1]!.end({ code: 1 });
    await vi.waitUntil(async () => (await list()).queue.length === 0, until);
    await laboratory.close();
    const said = await stream.text();
    expect(said).toContain("toy-s0: its process was ended by SIGKILL (out of memory?)");
    expect(said).toContain("toy-s1: no such data");
    expect(said.match(/"notice"/g)).toHaveLength(2);
  });

  it("can be paused and go on, stopped and go on, and nothing that cannot be", async () => {
    writeMadeUpRun(root, { id: "done", steps: 10 });
    writeMadeUpRun(root, { id: "half", steps: 10, status: "interrupted" });
    await vi.waitUntil(async () => (await list()).runs.length === 2, until);
    const find = async (id: string): Promise<RunList["runs"][number]> =>
      (await list()).runs.find((run) => run.id === id)!;
    expect((await find("done")).actions).toEqual([]);
    expect((await find("half")).actions).toEqual(["resume"]);
    const act = (id: string, action: string): Promise<Response> =>
      send("POST", `runs/${id}/action`, { action });
    const refused = await act("done", "pause");
    expect([refused.status, await message(refused)]).toEqual([409, expect.stringContaining("finished")]);
    expect((await act("half", "explode")).status).toBe(400);
    expect((await act("nobody", "stop")).status).toBe(404);

    expect((await act("half", "resume")).status).toBe(202);
    expect((await find("half")).actions).toEqual([]);
    await vi.waitUntil(() => processes.length === 1, until);
    expect(processes[0]!.task.resume).toBe(path.join(root, "half"));
    processes[0]!.hear({ type: "run", run: "half" });
    expect((await find("half")).actions).toEqual(["pause", "stop"]);
    expect((await act("half", "pause")).status).toBe(202);
    expect(processes[0]!.stopped).toBe(true);
    await vi.waitUntil(async () => (await find("half")).actions.length === 2, until);
    expect(await find("half")).toMatchObject({ status: "paused", actions: ["resume", "stop"] });
    // A paused run that is stopped is only an interrupted one.
    expect((await act("half", "stop")).status).toBe(202);
    expect(await find("half")).toMatchObject({ status: "interrupted", actions: ["resume"] });
  });

  it("are stopped and saved when the server ends", async () => {
    await send("POST", "experiments", { yaml });
    await vi.waitUntil(() => processes.length === 1, until);
    await laboratory.close();
    expect(processes[0]!.stopped).toBe(true);
    expect((await send("POST", "experiments", { yaml })).status).toBe(409);
  });
});
