// `brink pack`: copies of ended runs that show, report and compare as the runs themselves, and cannot go on.
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { brink, jsonLines, runFolders, scratch, writeExperiment } from "./brink.ts";

let cwd: string;
let run: string;

beforeAll(async () => {
  cwd = scratch();
  const file = writeExperiment(cwd, "small", [
    "optimizer: { name: sgd, lr: 0.2, batch: 5 }",
    "steps: 60",
    "measure: { every: 10, landscape: true, noise: true }",
  ]);
  const { code, stderr } = await brink(cwd, ["run", file, "-q"]);
  expect(code, stderr).toBe(0);
  run = runFolders(cwd)[0]!;
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const read = (...parts: string[]): string => readFileSync(path.join(cwd, ...parts), "utf8");

it("keeps measurements, summary and provenance, and drops checkpoints and single steps", async () => {
  const { code, stdout, stderr } = await brink(cwd, ["pack", "small", "--out", "packed", "--json"]);
  expect(code, stderr).toBe(0);
  const files = ["config.yaml", "events.jsonl", "provenance.json", "summary.json"];
  expect(readdirSync(path.join(cwd, "packed", run)).toSorted()).toEqual(files);
  const bytes = files.reduce((sum, name) => sum + Buffer.byteLength(read("packed", run, name)), 0);
  expect(jsonLines(stdout)).toEqual([
    { packed: [{ id: run, dir: path.join("packed", run), bytes, written: true }] },
  ]);
  for (const name of files.filter((each) => each !== "events.jsonl")) {
    expect(read("packed", run, name)).toBe(read("runs", run, name));
  }
  const lines = read("runs", run, "events.jsonl").split("\n");
  const kept = lines.filter((line) => !line.startsWith('{"type":"step"'));
  expect(lines.length - kept.length).toBe(60);
  expect(kept.filter((line) => line.startsWith('{"type":"measurement"')).length).toBeGreaterThan(5);
  expect(read("packed", run, "events.jsonl")).toBe(kept.join("\n"));
});

it("shows, compares and reports as the run itself", async () => {
  await brink(cwd, ["pack", "small", "--out", "packed", "-q"]);
  for (const command of [
    ["show", run, "--json"],
    ["compare", run, "--json"],
  ]) {
    const [own, packed] = await Promise.all(
      ["runs", "packed"].map((folder) => brink(cwd, [...command, "--runs-dir", folder])),
    );
    expect(packed!.code, packed!.stderr).toBe(0);
    expect(packed!.stdout.replaceAll("packed", "runs")).toBe(own!.stdout);
  }
  const report = await brink(cwd, ["report", path.join("packed", run), "--out", "page"]);
  expect(report.code, report.stderr).toBe(0);
  expect(readdirSync(path.join(cwd, "page")).some((name) => name.endsWith(".html"))).toBe(true);
});

it("cannot be made longer, and is not lost by trying", async () => {
  await brink(cwd, ["pack", "small", "--out", "tried", "-q"]);
  const before = read("tried", run, "events.jsonl");
  const { code, stderr } = await brink(cwd, ["resume", "small", "--steps", "90", "--runs-dir", "tried"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/no checkpoint to go on from.*packed copy/s)]);
  expect(read("tried", run, "events.jsonl")).toBe(before);
  expect(existsSync(path.join(cwd, "tried", run, "lock"))).toBe(false);
});

it("packs what is missing, and refuses another run of the same name and one that has not ended", async () => {
  await brink(cwd, ["pack", "small", "--out", "again", "-q"]);
  const second = await brink(cwd, ["pack", "small", "--out", "again"]);
  expect([second.code, second.stdout]).toEqual([0, expect.stringContaining("was there")]);
  const events = path.join(cwd, "again", run, "events.jsonl");
  appendFileSync(events, '{"type":"mark","step":60}\n');
  const changed = readFileSync(events, "utf8");
  const other = await brink(cwd, ["pack", "small", "--out", "again"]);
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringMatching(/events\.jsonl: another run of this name/),
  ]);
  expect(readFileSync(events, "utf8")).toBe(changed);

  const summary = path.join(cwd, "runs", run, "summary.json");
  const ended = readFileSync(summary, "utf8");
  writeFileSync(summary, ended.replace('"finished"', '"interrupted"'));
  const stopped = await brink(cwd, ["pack", "small", "--out", "stopped"]);
  writeFileSync(summary, ended);
  expect([stopped.code, stopped.stderr]).toEqual([
    2,
    expect.stringMatching(/only a run that has ended.*interrupted.*brink resume/s),
  ]);
  expect(existsSync(path.join(cwd, "stopped"))).toBe(false);
});

it("the published runs of FC-ReLU make the published table and curves again", async () => {
  const published = path.resolve(import.meta.dirname, "../../docs/results/gap");
  const { code, stderr } = await brink(cwd, [
    "reproduce",
    "fc-relu",
    "--scale",
    "full",
    "--no-run",
    "--runs-dir",
    path.join(published, "runs"),
    "--out",
    "figures",
  ]);
  expect(code, stderr).toBe(0);
  const made = path.join("figures", "fc-relu-full");
  expect(read(made, "fc-relu.csv")).toBe(readFileSync(path.join(published, "fc-relu.csv"), "utf8"));
  const numbers = JSON.parse(readFileSync(path.join(published, "fc-relu.json"), "utf8")) as object;
  expect(JSON.parse(read(made, "numbers.json"))).toEqual({
    ...numbers,
    command: expect.any(String) as unknown,
  });
});
