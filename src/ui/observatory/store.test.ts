// The store against a client of our own: what is asked for, what the stream changes, what breaks and comes back.
import { expect, test, vi } from "vitest";
import type { RunEntry, ServerInfo, StreamEvent } from "../../record/serve-api.ts";
import { makeRun, makeSeries } from "../../../test/served-runs.ts";
import type { Client, Connection } from "./client.ts";
import { httpClient } from "./client.ts";
import { DroppingClient } from "./drop.ts";
import { Store } from "./store.ts";

const INFO: ServerInfo = {
  version: 1,
  brink: "0",
  mode: "live",
  runsDir: "runs",
  allowRuns: false,
  startedAt: "then",
};

/** A server in memory: runs whose only series counts its steps, `length` points long. */
function laboratory(info: ServerInfo = INFO) {
  const state = {
    runs: [makeRun("a"), makeRun("b")] as RunEntry[],
    length: 3,
    asked: [] as string[],
    fails: false,
  };
  let tell: (event: StreamEvent) => void = () => undefined;
  let connect: (connection: Connection) => void = () => undefined;
  const refuse = (): Promise<never> => Promise.reject(new Error("not implemented"));
  const client: Client = {
    info: () =>
      state.fails ? Promise.reject(new Error("the server does not answer")) : Promise.resolve(info),
    runs: () => Promise.resolve({ runs: state.runs, queue: [], ignored: [] }),
    run: refuse,
    gap: refuse,
    saveNotes: refuse,
    act: refuse,
    start: refuse,
    cancel: refuse,
    series: (id, only, from) => {
      state.asked.push(`${id} ${only.join()} from ${from}`);
      const steps = Array.from({ length: state.length - Number(from ?? 0) }, (_, i) => Number(from ?? 0) + i);
      const series = new Map(only.map((name) => [name, makeSeries(steps, steps)]));
      return Promise.resolve({ series, from, cursor: String(state.length) });
    },
    follow: (onEvent, onConnection) => {
      [tell, connect] = [onEvent, onConnection];
      return () => undefined;
    },
  };
  return {
    state,
    client,
    tell: (event: StreamEvent) => tell(event),
    connect: (to: Connection) => connect(to),
  };
}

function opened(lab: ReturnType<typeof laboratory>): Store {
  const store = new Store(lab.client, (run) => run());
  store.start();
  return store;
}

const grown = (id: string, after: string | null, values: number[]): StreamEvent => ({
  type: "points",
  id,
  after,
  cursor: String(Number(after ?? 0) + values.length),
  points: { loss: { steps: values, values } },
});

test("reads the runs, fetches what is looked at once, and appends what the stream tells", async () => {
  const lab = laboratory();
  const store = opened(lab);
  await vi.waitFor(() => expect(store.runs.value).toHaveLength(2));
  store.want(new Map([["a", ["loss"]]]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(3));
  lab.tell(grown("a", "3", [3, 4]));
  expect([...store.read("a", "loss")!.values]).toEqual([0, 1, 2, 3, 4]);
  expect(lab.state.asked).toEqual(["a loss from null"]);
  expect(store.read("b", "loss")).toBeUndefined();
  await vi.waitFor(() => expect(store.changes.value).toBeGreaterThan(0));
});

test("points that do not continue what is there are fetched from where it stands", async () => {
  const lab = laboratory();
  const store = opened(lab);
  await vi.waitFor(() => expect(store.runs.value).not.toBeNull());
  store.want(new Map([["a", ["loss"]]]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(3));
  lab.state.length = 9;
  lab.tell(grown("a", "7", [7, 8]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(9));
  expect(lab.state.asked.at(-1)).toBe("a loss from 3");
});

test("a record that was cut back is read anew", async () => {
  const lab = laboratory();
  const store = opened(lab);
  await vi.waitFor(() => expect(store.runs.value).not.toBeNull());
  store.want(new Map([["a", ["loss"]]]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(3));
  lab.state.length = 2;
  lab.tell(grown("a", null, [1]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(2));
});

test("entries change, come and go; notices and the queue are kept", async () => {
  const lab = laboratory();
  const store = opened(lab);
  await vi.waitFor(() => expect(store.runs.value).not.toBeNull());
  lab.tell({ type: "run", entry: makeRun("a", {}, { status: "running" }) });
  lab.tell({ type: "run", entry: makeRun("c") });
  lab.tell({ type: "removed", id: "b" });
  lab.tell({ type: "queue", queue: [{ experiment: "x", name: "y", state: "queued" }] });
  lab.tell({ type: "notice", level: "warning", text: "careful" });
  expect(store.runs.value!.map(({ id, status }) => `${id} ${status}`)).toEqual(["a running", "c finished"]);
  expect(store.queue.value).toHaveLength(1);
  expect(store.notices.value).toMatchObject([{ text: "careful" }]);
});

test("after a break the list is read anew; what a restarted server has is read from the beginning", async () => {
  const lab = laboratory();
  const store = opened(lab);
  await vi.waitFor(() => expect(store.runs.value).not.toBeNull());
  store.want(new Map([["a", ["loss"]]]));
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(3));
  lab.connect("retrying");
  expect(store.connection.value).toBe("retrying");
  lab.state.runs = [makeRun("a"), makeRun("d")];
  lab.state.length = 5;
  lab.connect("open");
  lab.tell({ type: "hello", info: INFO });
  await vi.waitFor(() => expect(store.read("a", "loss")?.steps).toHaveLength(5));
  expect(lab.state.asked.at(-1)).toBe("a loss from 3");
  expect(store.runs.value!.map(({ id }) => id)).toEqual(["a", "d"]);
  lab.tell({ type: "hello", info: { ...INFO, startedAt: "later" } });
  await vi.waitFor(() => expect(lab.state.asked.at(-1)).toBe("a loss from null"));
});

test("without a server the page says so; a snapshot is not followed", async () => {
  const broken = laboratory();
  broken.state.fails = true;
  const failing = new Store(broken.client, (run) => run());
  const stop = failing.start();
  await vi.waitFor(() => expect(failing.problem.value).toContain("does not answer"));
  stop();
  const still = opened(laboratory({ ...INFO, mode: "snapshot" }));
  await vi.waitFor(() => expect(still.connection.value).toBe("snapshot"));
});

test("dropped files become a run beside the server's, or a sentence", async () => {
  const lab = laboratory();
  const dropping = new DroppingClient(lab.client);
  const store = new Store(dropping.client, (run) => run());
  store.start();
  await vi.waitFor(() => expect(store.runs.value).not.toBeNull());
  const events = [
    { type: "header", version: 1 },
    { type: "measurement", step: 0, point: "iterate", sharpness: 7, loss: null },
    { type: "step", step: 1, loss: 0.5 },
  ];
  const file = (path: string, text: string) => ({ path, file: new File([text], path) });
  const good = await dropping.read([
    file("mine/events.jsonl", `${events.map((event) => JSON.stringify(event)).join("\n")}\n{"type":"st`),
    file("mine/config.yaml", "name: mine\noptimizer: { name: gd, lr: 0.1 }\n"),
    file("mine/checkpoints/1.safetensors", "…"),
  ]);
  expect(good.problems).toEqual([]);
  store.addDropped(good.runs);
  const entry = store.runs.value!.at(-1)!;
  expect(entry).toMatchObject({
    id: "dropped mine",
    name: "mine",
    status: "interrupted",
    threshold: 20,
    step: 1,
  });
  store.want(new Map([[entry.id, ["iterate sharpness"]]]));
  await vi.waitFor(() =>
    expect(store.read(entry.id, "iterate sharpness")?.values).toEqual(Float64Array.of(7)),
  );
  expect(lab.state.asked).toEqual([]);
  lab.tell({ type: "hello", info: INFO });
  await vi.waitFor(() => expect(store.runs.value!.map(({ id }) => id)).toEqual(["a", "b", "dropped mine"]));
  const { problems } = await dropping.read([file("cat.jpg", "…"), file("x/events.jsonl", "nonsense\n{}\n")]);
  expect(problems[0]).toContain("received cat.jpg; allowed: events.jsonl");
  expect(problems[1]).toContain("dropped x/events.jsonl:1");
});

test("the client passes on the server's own sentence, and says when there is none", async () => {
  const answer =
    (status: number, body: string): typeof fetch =>
    () =>
      Promise.resolve(new Response(body, { status }));
  const client = (fetch: typeof globalThis.fetch) =>
    httpClient({ fetch, EventSource, base: "http://127.0.0.1:1/lab/" });
  const EventSource = Object as unknown as typeof globalThis.EventSource;
  await expect(client(answer(403, '{"error":{"message":"this page may only look"}}')).gap()).rejects.toThrow(
    "this page may only look",
  );
  await expect(client(answer(500, "<html>")).gap()).rejects.toThrow("api/gap.json: the server answered 500");
  await expect(client(() => Promise.reject(new TypeError("refused"))).gap()).rejects.toThrow(
    /does not answer.*refused/,
  );
  await expect(client(answer(200, '{"version":99}')).info()).rejects.toThrow("another version");
});
