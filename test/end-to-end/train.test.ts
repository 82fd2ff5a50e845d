// Training, listing, showing and reporting, as a user does it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  brink,
  jsonLines,
  type Result,
  runFile,
  runFolders,
  scratch,
  shortGd,
  writeExperiment,
} from "./brink.ts";

let cwd: string;

beforeAll(async () => {
  cwd = scratch();
  writeExperiment(cwd, "small", shortGd);
  await brink(cwd, ["run", "small.yaml"]);
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe("run", () => {
  it("trains, keeps a record, and prints a table and what was found on stdout, the rest on stderr", async () => {
    const { code, stdout, stderr } = await brink(cwd, ["run", "small.yaml", "--runs-dir", "other"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run +S_eq ± sd +2\/η +gap +loss +status\nsmall .* 10\.00 .* finished\n\n/);
    expect(stdout).toMatch(
      /\n\nS_eq +([\d.]+) ± [\d.]+ \(standard error\), mean of the last 7 solves, .*autocorrelation time/,
    );
    expect(stdout).toMatch(
      /\n +careful: only 7 of 20 records exist.*\nedge +Below: sharpness settles at .*\n$/,
    );
    expect(stderr).toMatch(/^reading small\.yaml\n/);
    expect(stderr).toContain("1 → 12 → 1, tanh: 37 parameters; record: other/small-gd-s0-");
    expect(stderr).toMatch(/step 0\/60/);
    const [run] = runFolders(cwd, "other");
    for (const file of ["config.yaml", "provenance.json", "events.jsonl", "summary.json", "checkpoints"]) {
      expect(existsSync(path.join(cwd, "other", run!, file)), file).toBe(true);
    }
  });

  it("records command line, versions and data in provenance.json", () => {
    const provenance = JSON.parse(runFile(cwd, runFolders(cwd)[0]!, "provenance.json")) as Record<
      string,
      unknown
    >;
    expect(provenance).toMatchObject({
      command: ["brink", "run", "small.yaml"],
      device: "cpu",
      threads: 1,
      seed: 0,
    });
    expect(provenance["data"]).toMatchObject({
      name: "chebyshev",
      checksum: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it("says nothing but the result with --quiet", async () => {
    const { stdout, stderr } = await brink(cwd, ["run", "small.yaml", "-q", "--runs-dir", "quiet"]);
    expect(stderr).toBe("");
    expect(stdout.split("\n").map((line) => line.slice(0, 4))).toEqual([
      "run ",
      "smal",
      "",
      "S_eq",
      "    ",
      "edge",
      "",
    ]);
  });

  it("streams JSON lines: start, measurements, marks, summary, end", async () => {
    const { stdout } = await brink(cwd, ["run", "small.yaml", "--json", "--runs-dir", "json"]);
    const lines = jsonLines(stdout);
    const id = runFolders(cwd, "json")[0]!;
    expect(lines[0]).toEqual({ type: "run", run: id, dir: `json/${id}`, name: "small" });
    const measured = lines.filter(({ type }) => type === "measurement");
    expect(measured.map(({ step }) => step)).toEqual([0, 11, 20, 31, 40, 51, 60]);
    expect(measured[0]).toMatchObject({ run: id, point: "iterate", sharpness: expect.any(Number) });
    expect(lines.at(-2)).toMatchObject({
      type: "summary",
      run: id,
      status: "finished",
      step: 60,
      threshold: 10,
    });
    const { sharpness } = measured.at(-1) as { sharpness: number };
    const summary = lines.at(-2) as { equilibriumSharpness: number; gap: number };
    expect(summary.gap).toBeCloseTo(10 - summary.equilibriumSharpness, 12);
    expect(Math.abs(summary.equilibriumSharpness - sharpness)).toBeLessThan(5);
    expect(lines.at(-1)).toMatchObject({ type: "done", report: null, runs: [{ run: id }] });
  });

  it("gives the same events for the same settings, and different ones for another seed", async () => {
    const again = ["run", "small.yaml", "-q"];
    await brink(cwd, [...again, "--runs-dir", "same"]);
    await brink(cwd, [...again, "--runs-dir", "seeded", "--set", "seed=1"]);
    const events = (runsDir: string): string =>
      readFileSync(path.join(cwd, runsDir, runFolders(cwd, runsDir)[0]!, "events.jsonl"), "utf8");
    expect(events("same")).toBe(events("runs"));
    expect(events("seeded")).not.toBe(events("runs"));
  });

  it("--device reference agrees with the default device", async () => {
    const args = ["run", "small.yaml", "--json", "--set", "steps=10"];
    const losses = async (...extra: string[]): Promise<number[]> =>
      jsonLines((await brink(cwd, [...args, "--runs-dir", "devices", ...extra])).stdout)
        .filter(({ type }) => type === "measurement")
        .map(({ loss }) => loss as number);
    const [cpu, reference] = [await losses(), await losses("--device", "reference")];
    expect(cpu).toHaveLength(2);
    for (const [i, loss] of cpu.entries()) expect(Math.abs(loss - reference[i]!)).toBeLessThan(1e-12);
  });

  it("says that a device does not work before it makes a run folder", async () => {
    const { stdout } = await brink(cwd, ["doctor", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
    const missing = checks.find(({ name, ok }) => name.startsWith("device ") && !ok)?.name.slice(7);
    // A machine on which every device works has nothing to complain about.
    if (missing === undefined) return;
    const args = ["run", "small.yaml", "--device", missing, "--runs-dir", "nodevice"];
    const { code, stderr } = await brink(cwd, args);
    expect([code, existsSync(path.join(cwd, "nodevice"))]).toEqual([1, false]);
    expect(stderr).toContain(`device "${missing}" does not work on this machine`);
  });

  it("exits with 3 when the run diverges, and keeps the record", async () => {
    const explosive = ["--set", "optimizer.lr=50", "--set", "net.activation=identity"];
    const { code, stdout } = await brink(cwd, ["run", "small.yaml", "--runs-dir", "diverged", ...explosive]);
    expect(code).toBe(3);
    expect(stdout).toContain("diverged");
    const list = await brink(cwd, ["ls", "--runs-dir", "diverged", "--json"]);
    expect(JSON.parse(list.stdout)).toMatchObject({ runs: [{ status: "diverged" }] });
    const again = await brink(cwd, ["resume", "small", "--runs-dir", "diverged"]);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining("nothing to resume")]);
  });

  it("runs every variant; one that diverges or cannot start does not stop the others", async () => {
    writeExperiment(cwd, "many", [
      "steps: 20",
      "measure: { every: 10 }",
      "optimizer: { name: gd, lr: 0.2 }",
      "report: true",
      "runs:",
      "  - { name: bad, set: { net.activation: identity, optimizer.lr: 50 } }",
      "  - { name: nofile, set: { net.init: { file: absent.safetensors } } }",
      "  - { name: good }",
    ]);
    const { code, stdout, stderr } = await brink(cwd, [
      "run",
      "many.yaml",
      "--runs-dir",
      "many",
      "--out",
      "many-report",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("run 2 of 3: many-nofile");
    expect(stderr).toContain("error: ");
    const rows = stdout.split("\n");
    expect(rows[1]).toMatch(/^many-bad .*diverged/);
    expect(rows[2]).toMatch(/^many-nofile .*failed: .*absent\.safetensors/);
    expect(rows[3]).toMatch(/^many-good .*finished/);
    expect(rows.slice(4, 6)).toEqual(["", "many-good"]);
    expect(rows.at(-2)).toBe("report: many-report/index.html");
  });

  it("finds a batch larger than the data in a later variant before training any", async () => {
    writeExperiment(cwd, "late", [
      "steps: 5",
      "optimizer: { name: sgd, lr: 0.1 }",
      "sweep: { optimizer.batch: [5, 21] }",
    ]);
    const { code, stderr } = await brink(cwd, ["run", "late.yaml", "--runs-dir", "late"]);
    expect([code, existsSync(path.join(cwd, "late"))]).toEqual([2, false]);
    expect(stderr).toContain("larger than the training set");
  });

  it("fails with a sentence when runs cannot be written", async () => {
    writeFileSync(path.join(cwd, "blocked"), "");
    const { code, stderr } = await brink(cwd, ["run", "small.yaml", "--runs-dir", "blocked"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: .*blocked.*cannot create/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.skipIf(process.getuid?.() === 0)("fails with a sentence when the runs folder is read-only", async () => {
    mkdirSync(path.join(cwd, "readonly"), { mode: 0o555 });
    const { code, stderr } = await brink(cwd, ["run", "small.yaml", "--runs-dir", "readonly"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("cannot create the run")]);
  });
});

describe("ls and show", () => {
  it("lists id, name, step, status, loss, sharpness, age", async () => {
    const { stdout } = await brink(cwd, ["ls"]);
    expect(stdout).toMatch(/^id +name +step +status +loss +S_eq ± sd +when\n/);
    expect(stdout).toMatch(
      /^small-gd-s0-[0-9a-f]{4} +small +60\/60 +finished +[\d.]+ +[\d.]+ ± [\d.]+ +(just now|\d+ min ago)$/m,
    );
    const { runs } = JSON.parse((await brink(cwd, ["ls", "--json"])).stdout) as {
      runs: Record<string, unknown>[];
    };
    expect(runs).toMatchObject([{ name: "small", status: "finished", live: false, summary: { step: 60 } }]);
  });

  it("shows summary and configuration", async () => {
    const { stdout } = await brink(cwd, ["show", "small"]);
    expect(stdout).toMatch(/^status +finished$/m);
    expect(stdout).toMatch(/^2\/η +10\.00$/m);
    expect(stdout).toMatch(
      /^S_eq +[\d.]+ ± [\d.]+ \(standard error\), mean of the last 7 solves, sd [\d.]+;/m,
    );
    expect(stdout).toMatch(/^edge +Below: /m);
    expect(stdout).toMatch(/^command +brink run small\.yaml$/m);
    expect(stdout).toMatch(/^optimizer:\n {2}name: gd\n {2}lr: 0\.2$/m);
    const shown = JSON.parse((await brink(cwd, ["show", "small", "--json"])).stdout) as Record<
      string,
      unknown
    >;
    expect(shown).toMatchObject({ status: "finished", config: { steps: 60 }, provenance: { version: 1 } });
  });
});

describe("report", () => {
  it("writes one page that needs nothing else, and every figure as SVG, PNG and CSV", async () => {
    const { code, stdout } = await brink(cwd, ["report", "small", "--out", "figures", "--json"]);
    expect(code).toBe(0);
    const { report, files } = JSON.parse(stdout) as { report: string; files: string[] };
    expect(report).toBe("figures/index.html");
    for (const name of ["loss", "sharpness", "relative-sharpness"]) {
      for (const kind of ["svg", "png", "csv"]) expect(files).toContain(`figures/${name}.${kind}`);
    }
    for (const file of files) expect(existsSync(path.join(cwd, file)), file).toBe(true);
    const html = readFileSync(path.join(cwd, report), "utf8");
    expect(html).toContain("<svg");
    expect(html).not.toMatch(/(?:src|href)="https?:/);
    const png = readFileSync(path.join(cwd, "figures/loss.png"));
    expect(png.subarray(1, 4).toString("latin1")).toBe("PNG");
  });

  it("in a folder of an earlier report replaces its set, and leaves other files alone", async () => {
    const settings = [...shortGd.slice(0, 2), "measure: { every: 10, landscape: true }"];
    await brink(cwd, ["run", writeExperiment(cwd, "more", settings), "-q", "--runs-dir", "more"]);
    const shown = (): string[] => readdirSync(path.join(cwd, "shared-folder")).toSorted();
    const report = (...args: string[]): Promise<Result> =>
      brink(cwd, ["report", ...args, "--out", "shared-folder", "-q"]);
    expect((await report("more", "--runs-dir", "more")).code).toBe(0);
    expect(shown()).toEqual(expect.arrayContaining(["alpha.csv", "alpha.png", "alpha.svg", "beta.svg"]));
    for (const name of ["mine.svg", "notes.txt"])
      writeFileSync(path.join(cwd, "shared-folder", name), "mine");
    expect((await report("small")).code).toBe(0);
    const after = shown();
    expect(after).toEqual(expect.arrayContaining(["mine.svg", "notes.txt", "sharpness.svg", "index.html"]));
    expect(after.filter((name) => /^(?:alpha|beta)/.test(name))).toEqual([]);
    // A list that names other people's files, or is none, removes nothing.
    for (const list of ['{"files":["notes.txt","../small.yaml","mine.svg/..",5]}', "null", "{", "[]"]) {
      writeFileSync(path.join(cwd, "shared-folder/.brink-report.json"), list);
      expect((await report("small")).code).toBe(0);
      expect(shown()).toEqual(after);
      expect(existsSync(path.join(cwd, "small.yaml"))).toBe(true);
    }
  });

  it("has under --json what the page says about each run", async () => {
    const { stdout } = await brink(cwd, ["report", "small", "--out", "data", "--json"]);
    const { results } = JSON.parse(stdout) as { results: Record<string, unknown>[] };
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({
      run: runFolders(cwd)[0],
      status: "finished",
      equilibriumStderr: expect.any(Number),
      equilibriumTau: expect.any(Number),
      edge: { sentence: expect.stringContaining("threshold 10"), onset: null },
      assumptions: {},
      measured: [],
    });
  });

  it("takes patterns and paths, each run once", async () => {
    const [id] = runFolders(cwd);
    const { stdout } = await brink(cwd, ["report", "small*", `runs/${id}`, "--json", "--out", "again"]);
    expect((JSON.parse(stdout) as { runs: string[] }).runs).toEqual([id]);
  });

  it("says where it cannot write", async () => {
    writeFileSync(path.join(cwd, "taken"), "");
    const { code, stderr } = await brink(cwd, ["report", "small", "--out", "taken"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("--out")]);
  });
});
