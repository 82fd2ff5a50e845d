// The server's interface over real folders: lists, series, following growing files, broken and foreign folders.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { madeUpEvents, madeUpLoss, writeMadeUpRun } from "../../bench/parts/recorded-runs.ts";
import { takeLock } from "../node/run-lock.ts";
import { diskFileSystem } from "../node/files.ts";
import {
  decodeSeries,
  encodeEvent,
  type RunDetail,
  type RunList,
  type SeriesBlock,
  type StreamEvent,
} from "../record/index.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

const HOST = { host: "127.0.0.1:4747" };

let root: string;
let laboratory: Laboratory;
const readers: Reader[] = [];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "brink-runs-"));
});

afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
  await laboratory.close();
  rmSync(root, { recursive: true });
});

function open(): Laboratory {
  laboratory = openLaboratory({
    root,
    site: null,
    brink: "1.2.3",
    startedAt: new Date("2026-01-02T03:04:05Z"),
    allowRuns: null,
    pollMs: 20,
  });
  return laboratory;
}

type Init = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

async function ask(address: string, { headers, ...init }: Init = {}): Promise<Response> {
  return laboratory.app.request(`/${address}`, { ...init, headers: { ...HOST, ...headers } });
}

async function json<T>(address: string): Promise<T> {
  return (await (await ask(address)).json()) as T;
}

async function list(): Promise<RunList> {
  return json<RunList>("api/runs.json");
}

async function series(id: string, query = ""): Promise<SeriesBlock> {
  const answer = await ask(`api/runs/${id}/series.safetensors${query}`);
  return decodeSeries(new Uint8Array(await answer.arrayBuffer()), id);
}

/** The list once `wanted` holds. */
async function listWhen(wanted: (runs: RunList) => boolean): Promise<RunList> {
  for (;;) {
    const runs = await list();
    if (wanted(runs)) return runs;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

const read = (runs: RunList): boolean => runs.runs.every((run) => run.series !== null);

/** A page's stream: its messages one after another. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  #left: { id: string; event: StreamEvent }[] = [];

  constructor(answer: Response) {
    this.#reader = answer.body!.getReader();
    readers.push(this);
  }

  async next(): Promise<{ id: string; event: StreamEvent }> {
    while (this.#left.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the stream ended");
      this.#text += new TextDecoder().decode(value);
      const parts = this.#text.split("\n\n");
      this.#text = parts.pop()!;
      for (const part of parts) {
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data === undefined) continue;
        this.#left.push({ id: /^id: (.*)$/m.exec(part)![1]!, event: JSON.parse(data) as StreamEvent });
      }
    }
    return this.#left.shift()!;
  }

  /** The next message that `wanted` accepts. */
  async find<T extends StreamEvent>(
    wanted: (event: StreamEvent) => event is T,
  ): Promise<{ id: string; event: T }> {
    for (;;) {
      const { id, event } = await this.next();
      if (wanted(event)) return { id, event };
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

async function stream(lastId?: string): Promise<Reader> {
  return new Reader(
    await ask("api/stream", lastId === undefined ? {} : { headers: { "last-event-id": lastId } }),
  );
}

type Points = Extract<StreamEvent, { type: "points" }>;
const isPoints = (event: StreamEvent): event is Points => event.type === "points";
type Hello = Extract<StreamEvent, { type: "hello" }>;
const isHello = (event: StreamEvent): event is Hello => event.type === "hello";
type Changed = Extract<StreamEvent, { type: "run" }>;
const isRun =
  (id: string) =>
  (event: StreamEvent): event is Changed =>
    event.type === "run" && event.entry.id === id;

describe("recorded runs", () => {
  it("are listed oldest first with configuration, statistics and marks", async () => {
    writeMadeUpRun(root, { id: "b", seed: 2, steps: 400, batch: 20 });
    writeMadeUpRun(root, { id: "a", seed: 3, steps: 100 });
    open();
    expect(await json("api/info.json")).toEqual({
      version: 1,
      brink: "1.2.3",
      mode: "live",
      runsDir: path.basename(root),
      allowRuns: false,
      startedAt: "2026-01-02T03:04:05.000Z",
    });
    const { runs, ignored, queue } = await listWhen(read);
    expect([ignored, queue]).toEqual([[], []]);
    expect(runs.map(({ id }) => id)).toEqual(["b", "a"]);
    const losses = Array.from({ length: 400 }, (_, step) => madeUpLoss(step, 2));
    const least = Math.min(...losses);
    expect(runs[0]).toMatchObject({
      name: "b",
      status: "finished",
      problem: null,
      step: 400,
      steps: 400,
      threshold: 200,
      notes: { tags: [], text: "" },
      actions: [],
    });
    expect(runs[0]!.config).toMatchObject({
      "optimizer.batch": 20,
      "optimizer.lr": 0.01,
      "net.widths": [200, 200],
      // A default of the schema.
      precision: "float32",
    });
    expect(runs[0]!.series!["step loss"]).toEqual({
      count: 400,
      lastStep: 400,
      last: losses[399],
      min: least,
      minStep: losses.indexOf(least) + 1,
      max: losses[0],
      maxStep: 1,
    });
    expect(runs[0]!.series!["iterate sharpness"]!.count).toBe(9);
    expect(runs[0]!.marks.map(({ kind }) => kind)).toEqual(["finished"]);
  });

  it("give their series, all or some, from the start or from a cursor", async () => {
    writeMadeUpRun(root, { id: "a", seed: 1, steps: 120 });
    open();
    const whole = await series("a");
    expect(whole.from).toBeNull();
    const loss = whole.series.get("step loss")!;
    expect([...loss.steps]).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect([...loss.values]).toEqual(Array.from({ length: 120 }, (_, i) => madeUpLoss(i, 1)));
    expect([...whole.series.get("iterate eigenvalues.1")!.steps]).toEqual([0, 50, 100]);
    const some = await series("a", "?only=iterate%20sharpness,nothing");
    expect([...some.series.keys()]).toEqual(["iterate sharpness"]);
    await listWhen(read);
    appendFileSync(
      path.join(root, "a", "events.jsonl"),
      '{"type":"step","step":121,"loss":null}\n{"type":"st',
    );
    const more = await series("a", `?from=${whole.cursor}`);
    expect(more.from).toBe(whole.cursor);
    expect([...more.series.get("step loss")!.steps]).toEqual([121]);
    expect(more.series.get("step loss")!.values[0]).toBeNaN();
    const nothing = await series("a", `?from=${more.cursor}`);
    expect([nothing.from, nothing.series.size]).toEqual([more.cursor, 0]);
    for (const odd of ["x", "0-0", "-1", "a.0-1", `${whole.cursor}9999`, whole.cursor.replace(/.$/, "")]) {
      expect((await series("a", `?from=${odd}`)).from).toBeNull();
    }
  });

  it("are shown in full", async () => {
    writeMadeUpRun(root, { id: "a", steps: 100 });
    open();
    const detail = await json<RunDetail>("api/runs/a/run.json");
    expect(detail.entry.id).toBe("a");
    expect(detail.provenance?.command).toEqual(["brink", "run", "made-up.yaml"]);
    expect(JSON.parse(detail.yaml)).toMatchObject({ name: "a" });
    expect(detail.findings.map(({ title }) => title)).toContain("S_eq");
  });

  it("that do not exist are a 404 with the nearest name", async () => {
    writeMadeUpRun(root, { id: "headline", steps: 10 });
    open();
    for (const name of ["headlnie", "..", "%2e%2e", "headline%2f..%2fheadlnie"]) {
      const answer = await ask(`api/runs/${name}/run.json`);
      expect(answer.status, name).toBe(404);
    }
    const answer = await ask("api/runs/headlnie/run.json");
    expect(await answer.json()).toMatchObject({ error: { hint: 'Did you mean "headline"?' } });
  });

  it("cannot be changed by a server that only shows", async () => {
    writeMadeUpRun(root, { id: "a", steps: 10 });
    open();
    const headers = { "content-type": "application/json" };
    for (const [method, address] of [
      ["PUT", "api/runs/a/notes"],
      ["POST", "api/runs/a/action"],
      ["POST", "api/experiments"],
      ["POST", "api/experiments/e1/cancel"],
    ] as const) {
      const answer = await ask(address, { method, headers, body: "{}" });
      expect(answer.status, address).toBe(403);
      expect(await answer.json()).toMatchObject({ error: { hint: "Start it with --allow-runs" } });
    }
    expect((await ask("api/runs.json", { method: "DELETE" })).status).toBe(404);
    expect((await ask("api/nothing")).status).toBe(404);
  });
});

describe("folders that are no good runs", () => {
  it("are listed with the reason, and hide nobody else", async () => {
    writeMadeUpRun(root, { id: "good", steps: 50 });
    const folder = (name: string): string => writeMadeUpRun(root, { id: name, steps: 50 });
    writeFileSync(path.join(folder("yaml"), "config.yaml"), "a: [");
    writeFileSync(path.join(folder("summary"), "summary.json"), "{");
    const corrupt = path.join(folder("corrupt"), "events.jsonl");
    const lines = readFileSync(corrupt, "utf8").split("\n");
    writeFileSync(corrupt, [...lines.slice(0, 20), "nonsense", ...lines.slice(20)].join("\n"));
    writeFileSync(path.join(folder("binary"), "events.jsonl"), new Uint8Array(5000).fill(255));
    rmSync(path.join(folder("headless"), "config.yaml"));
    mkdirSync(path.join(root, "photos"));
    mkdirSync(path.join(root, "other-tool"));
    writeFileSync(path.join(root, "other-tool", "config.yaml"), "a: 1");
    mkdirSync(path.join(root, "sweeps"));
    mkdirSync(path.join(root, ".cache"));
    writeFileSync(path.join(root, "readme.txt"), "");
    open();
    const { runs, ignored } = await listWhen(read);
    expect(ignored).toEqual([
      { name: "headless", reason: "a run without its config.yaml" },
      { name: "other-tool", reason: "has a config.yaml, but no record of a run" },
      { name: "photos", reason: "not a run" },
    ]);
    const found = Object.fromEntries(runs.map((run) => [run.id, run]));
    expect(found["good"]!.status).toBe("finished");
    expect(found["yaml"]).toMatchObject({ status: "broken" });
    expect(found["yaml"]!.problem).toMatch(/^config.yaml: not valid YAML/);
    expect(found["summary"]!.problem).toMatch(/^summary.json: not a run summary/);
    expect(found["corrupt"]!.problem).toMatch(/^events.jsonl:21: corrupt line/);
    // Up to the damage everything is there.
    expect((await series("corrupt")).series.get("step loss")!.steps.at(-1)).toBeGreaterThan(10);
    expect(found["binary"]!.series).toEqual({});
    for (const { problem } of runs) expect(problem ?? "").not.toContain(root);
  });

  it("may be no folder at all", async () => {
    rmSync(root, { recursive: true });
    open();
    expect(await list()).toEqual({ runs: [], queue: [], ignored: [] });
    mkdirSync(root);
    writeMadeUpRun(root, { id: "first", steps: 5 });
    await listWhen(({ runs }) => runs.length === 1);
  });
});

describe("a run that is being written", () => {
  const parts = (from: number, to: number): string =>
    [...madeUpEvents({ id: "live", steps: 200, every: 10 })]
      .filter((event) => "step" in event && event.step > from && event.step <= to && event.type !== "mark")
      .map(encodeEvent)
      .join("");

  async function startLive(): Promise<{ events: string; unlock: () => Promise<void> }> {
    const folder = writeMadeUpRun(root, { id: "live", steps: 20, every: 10, status: "running" });
    const unlock = await takeLock(diskFileSystem, folder);
    return { events: path.join(folder, "events.jsonl"), unlock };
  }

  it("is followed point by point; half a line waits for its other half", async () => {
    const { events, unlock } = await startLive();
    open();
    const page = await stream();
    expect((await page.next()).event.type).toBe("hello");
    await listWhen((runs) => read(runs) && runs.runs[0]!.status === "running");
    const first = await series("live");
    const next = parts(20, 40);
    const half = next.length >> 1;
    appendFileSync(events, next.slice(0, half));
    const got: Points[] = [(await page.find(isPoints)).event];
    appendFileSync(events, next.slice(half));
    while (got.at(-1)!.points["step loss"]?.steps.at(-1) !== 40) got.push((await page.find(isPoints)).event);
    expect(got[0]!.after).toBe(first.cursor);
    for (const [i, { after }] of got.entries()) if (i > 0) expect(after).toBe(got[i - 1]!.cursor);
    const steps = got.flatMap(({ points }) => points["step loss"]?.steps ?? []);
    expect(steps).toEqual(Array.from({ length: 20 }, (_, i) => 21 + i));
    const measured = got.flatMap(({ points }) => points["iterate sharpness"]?.steps ?? []);
    expect(measured).toEqual([30, 40]);
    const { entry } = (await page.find(isRun("live"))).event;
    expect(entry.step).toBeGreaterThan(20);
    await unlock();
    expect((await listWhen(({ runs }) => runs[0]!.status !== "running")).runs[0]!.status).toBe("killed");
  });

  it("is read anew when it was cut back, as by a resume", async () => {
    const { events, unlock } = await startLive();
    const complete = readFileSync(events);
    appendFileSync(events, parts(20, 60));
    open();
    const page = await stream();
    await listWhen(read);
    const before = await series("live");
    expect(before.series.get("step loss")!.steps.length).toBe(60);
    truncateSync(events, complete.length);
    const cut = (await page.find(isPoints)).event;
    expect(cut).toMatchObject({ after: null, points: {} });
    const after = await series("live", `?from=${before.cursor}`);
    expect(after.from).toBeNull();
    expect(after.series.get("step loss")!.steps.length).toBe(20);
    expect((await list()).runs[0]!.series!["step loss"]!.count).toBe(20);
    await unlock();
  });

  it("appears when it is made and disappears when it is removed", async () => {
    open();
    await laboratory.watch.ready;
    const page = await stream();
    writeMadeUpRun(root, { id: "new", steps: 5 });
    expect((await page.find(isRun("new"))).event.entry.name).toBe("new");
    rmSync(path.join(root, "new"), { recursive: true });
    const gone = (event: StreamEvent): event is Extract<StreamEvent, { type: "removed" }> =>
      event.type === "removed";
    expect((await page.find(gone)).event.id).toBe("new");
    expect((await list()).runs).toEqual([]);
  });

  it("goes on for a page that was cut off, from the last message it had", async () => {
    const { events, unlock } = await startLive();
    open();
    const page = await stream();
    await listWhen(read);
    appendFileSync(events, parts(20, 30));
    const seen = await page.find(isPoints);
    await page.cancel();
    appendFileSync(events, parts(30, 50));
    await listWhen(({ runs }) => runs[0]!.step === 50);
    const again = await stream(seen.id);
    const { event } = await again.find(isPoints);
    expect(event.after).toBe(seen.event.cursor);
    // Of an earlier start of the server nothing is known: everything anew.
    const stranger = await stream("elsewhere-3");
    expect((await stranger.find(isHello)).event.info.startedAt).toBe("2026-01-02T03:04:05.000Z");
    await unlock();
  });
});
