// Help, exit codes and errors of the command line, for people and for programs.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brink, scratch, shortGd, writeExperiment } from "./brink.ts";

let cwd: string;

beforeAll(() => {
  cwd = scratch();
  writeExperiment(cwd, "small", shortGd);
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe("help", () => {
  it("starts with examples and ends with the exit codes", async () => {
    for (const args of [[], ["--help"]]) {
      const { code, stdout } = await brink(cwd, args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Examples:\n {2}brink run /);
      expect(stdout).toContain("2 bad usage or configuration, 3 diverged, 130 interrupted");
    }
  });

  it("of a command starts with its examples and shows the global options", async () => {
    const { code, stdout } = await brink(cwd, ["measure", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}brink measure /);
    expect(stdout).toContain("--json");
  });

  it("--version prints the version", async () => {
    expect((await brink(cwd, ["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("bad usage exits with 2 and the nearest name", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["rum", "small.yaml"], "Did you mean run?"],
    [["run", "small.yaml", "--thread", "2"], "Did you mean --threads?"],
    [["run"], "missing required argument 'file'"],
    [["run", "small.yaml", "--threads", "two"], "whole number"],
    [["run", "small.yaml", "--device", "gpu"], "webgpu"],
    [["run", "smal.yaml"], 'Did you mean "small.yaml"?'],
    [["measure"], "--config"],
    [["data", "fetch", "cifar"], 'Did you mean "cifar10"?'],
    [["data", "ftch", "cifar10"], "Did you mean fetch?"],
    [["show", "nothing"], "no such run"],
    [["resume", "nothing"], "no such run"],
    [["report", "nothing"], "no such run"],
    [["run", "small.yaml", "--set", "optimizer.lrr=1"], 'Did you mean "lr"?'],
    [["run", "small.yaml", "--set", "optimizer.lr"], "key=value"],
    [["run", "small.yaml", "--set", "optimizer={name: sgd, batch: 21}"], "1 to 20"],
  ];
  it.each(cases)("%j", async (args, message) => {
    const { code, stdout, stderr } = await brink(cwd, args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^(?:reading .*\n|resuming .*\n|T_3.*\n)*error: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("--json", () => {
  it("puts errors on stderr as one object, in its parts", async () => {
    writeFileSync(path.join(cwd, "bad.yaml"), "optimizer: { name: gd, lr: 0.1 }\nstepz: 5\n");
    const { code, stdout, stderr } = await brink(cwd, ["config", "bad.yaml", "--json"]);
    expect([code, stdout]).toEqual([2, ""]);
    const { error } = JSON.parse(stderr) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ kind: "InputError", code: 2 });
    expect(error["message"]).toContain("bad.yaml:2");
    expect(error["message"]).toContain("stepz");
  });

  it("covers usage errors too, and works before the command's name", async () => {
    const { code, stderr } = await brink(cwd, ["--json", "run", "small.yaml", "--lrr", "5"]);
    expect(code).toBe(2);
    expect((JSON.parse(stderr) as { error: { message: string } }).error.message).toContain(
      "unknown option '--lrr'",
    );
  });
});

describe("config", () => {
  it("prints every setting, and which of flag, env, file and default won", async () => {
    const args = [
      "config",
      "small.yaml",
      "--origin",
      "--json",
      "--set",
      "optimizer.lr=0.5",
      "--threads",
      "2",
    ];
    const { code, stdout } = await brink(cwd, args, { BRINK_SEED: "7", BRINK_THREADS: "4" });
    expect(code).toBe(0);
    const { config, origin, runs } = JSON.parse(stdout) as {
      config: { optimizer: object; seed: number; threads: number };
      origin: Record<string, string>;
      runs: string[];
    };
    expect(config.optimizer).toMatchObject({ name: "gd", lr: 0.5, batch: "full" });
    expect([config.seed, config.threads]).toEqual([7, 2]);
    expect(origin).toMatchObject({
      "optimizer.lr": "flag",
      threads: "flag",
      seed: "env",
      steps: "file",
      "optimizer.batch": "default",
    });
    expect(runs).toEqual(["small"]);
  });

  it("shows the same as a table", async () => {
    const { stdout } = await brink(cwd, ["config", "small.yaml", "--origin", "--set", "seed=3"]);
    expect(stdout).toMatch(/^seed +3 +flag$/m);
    expect(stdout).toMatch(/^optimizer\.lr +0\.2 +file$/m);
    expect(stdout).toMatch(/^precision +"float64" +file$/m);
  });

  it("prints YAML that describes the same experiment", async () => {
    const first = (await brink(cwd, ["config", "small.yaml"])).stdout;
    writeFileSync(path.join(cwd, "resolved.yaml"), first);
    expect((await brink(cwd, ["config", "resolved.yaml"])).stdout).toBe(first);
  });
});

describe("schema, data, doctor, ls", () => {
  it("schema is a JSON Schema of the experiment file", async () => {
    const { code, stdout } = await brink(cwd, ["schema"]);
    const schema = JSON.parse(stdout) as {
      properties: Record<string, unknown>;
      additionalProperties: boolean;
    };
    expect([code, schema.additionalProperties]).toEqual([0, false]);
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(["data", "net", "optimizer", "measure"]),
    );
  });

  it("data path follows --dir, then BRINK_DATA, then the cache folder", async () => {
    const where = async (args: string[], env: Record<string, string>): Promise<string> =>
      (await brink(cwd, ["data", "path", ...args], env)).stdout.trim();
    const env = { BRINK_DATA: "/from/env", XDG_CACHE_HOME: "/cache" };
    expect(await where(["--dir", "here"], env)).toBe(path.join(cwd, "here"));
    expect(await where([], env)).toBe("/from/env");
    expect(await where([], { XDG_CACHE_HOME: "/cache" })).toBe("/cache/brink/data");
  });

  it("data info says which files of a set are here; its exit code, whether a named set is", async () => {
    const folder = path.join(cwd, "data", "cifar-10-batches-bin");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "data_batch_1.bin"), "");
    const found = await brink(cwd, ["data", "info", "cifar10", "--json"], {
      BRINK_DATA: path.join(cwd, "data"),
    });
    const { sets } = JSON.parse(found.stdout) as { sets: { files: string[]; missing: string[] }[] };
    expect([found.code, sets[0]!.files]).toEqual([0, ["data_batch_1.bin"]]);
    expect(sets[0]!.missing).toContain("test_batch.bin");
    const absent = await brink(cwd, ["data", "info", "mnist"], { BRINK_DATA: path.join(cwd, "data") });
    expect([absent.code, absent.stdout]).toEqual([1, expect.stringContaining("not found")]);
  });

  it("doctor tries every device and says that the CPU works", async () => {
    const { code, stdout } = await brink(cwd, ["doctor", "--json"]);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect([code, ok]).toEqual([0, true]);
    const works = new Map(checks.map((check) => [check.name, check.ok]));
    for (const name of ["device cpu", "device reference", "figures", "runs folder"])
      expect(works.get(name)).toBe(true);
    expect(works.has("device webgpu")).toBe(true);
  });

  it("doctor fails when runs cannot be written", async () => {
    writeFileSync(path.join(cwd, "a-file"), "");
    const { code, stdout } = await brink(cwd, ["doctor", "--runs-dir", "a-file/runs"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAILED +runs folder/);
  });

  it("ls of nothing is empty, and says how to begin", async () => {
    const { code, stdout, stderr } = await brink(cwd, ["ls"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("brink run");
    expect(JSON.parse((await brink(cwd, ["ls", "--json"])).stdout)).toEqual({ runs: [] });
  });
});
