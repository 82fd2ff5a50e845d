// `brink reproduce`: figures of runs whose gap is known, campaigns trained and reused, and what cannot be drawn.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { RunRecord } from "../../src/record/index.ts";
import { level, madeRun } from "../gap-runs.ts";
import { brink, jsonLines, scratch } from "./brink.ts";

let cwd: string;

interface Numbers {
  readonly figure: string;
  readonly scale: string;
  readonly rows: readonly {
    quantity: string;
    paper: number | string | null;
    difference: number | null;
    brink: { value: number; sd: number | null; n: number; runs: string[]; values?: number[] } | null;
    remark?: string;
  }[];
  readonly settings: Record<string, string>;
  readonly missing: readonly { run: string; reason: string }[];
  readonly files: readonly string[];
}

const sizes = [50, 100, 200, 500, 1000];
const gapAt = (b: number): number => 17 * (b / 50) ** -1.27;

/** Writes a record as the store would. */
function keep(folder: string, { id, config, summary, measurements }: RunRecord): void {
  const dir = path.join(cwd, folder, id);
  mkdirSync(dir, { recursive: true });
  const events = [{ type: "header", version: 1 }, ...measurements];
  writeFileSync(path.join(dir, "config.yaml"), stringify(config));
  writeFileSync(path.join(dir, "provenance.json"), "{}");
  writeFileSync(path.join(dir, "summary.json"), JSON.stringify(summary));
  writeFileSync(path.join(dir, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

beforeAll(() => {
  cwd = scratch();
  for (const seed of [0, 1]) {
    const top = 207.8 + 2 * seed;
    keep("made", madeRun({ batch: "full", seed, sharpness: level(top) }));
    for (const batch of sizes) {
      const probe = { alpha: 20, beta: 7e5, single: 2 };
      keep("made", madeRun({ batch, seed, sharpness: level(top - gapAt(batch)), probe }));
    }
    // Beside the curve: no logarithm.
    keep("made", madeRun({ batch: 2500, seed, sharpness: level(top + 0.1) }));
  }
  keep("odd", madeRun({ batch: 50, n: 1000, seed: 7, sharpness: level(190) }));
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function numbers(...args: string[]): Promise<Numbers> {
  const { code, stdout, stderr } = await brink(cwd, ["reproduce", ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout)[0] as unknown as Numbers;
}

function row(of: Numbers, quantity: string): Numbers["rows"][number] {
  const found = of.rows.find((candidate) => candidate.quantity === quantity);
  expect(found, of.rows.map((candidate) => candidate.quantity).join("\n")).toBeDefined();
  return found!;
}

describe("reproduce", () => {
  it("puts the paper's numbers beside those of the runs, with the runs behind each", async () => {
    const result = await numbers("fig2", "--from", "made/*");
    expect(result).toMatchObject({ figure: "fig2", scale: "own", missing: [] });
    const exponent = row(result, "exponent of gap to GD in b");
    expect(exponent.paper).toBe(-1.27);
    expect(exponent.brink?.value).toBeCloseTo(-1.27, 9);
    expect(exponent.difference).toBeCloseTo(0, 9);
    expect(exponent.brink?.n).toBe(2);
    const gap = row(result, "gap to GD, b = 50");
    expect(gap.paper).toBe(17);
    expect(gap.brink?.value).toBeCloseTo(17, 9);
    expect(gap.brink?.runs).toEqual(["made-b50-lr0.01-s0", "made-b50-lr0.01-s1"]);
    // The point without a logarithm is shown and is not in the fit.
    expect(row(result, "gap to GD, b = 2500").brink?.value).toBeCloseTo(-0.1, 9);
    expect(row(result, "S_eq, gradient descent").brink?.sd).toBeCloseTo(Math.SQRT2, 9);
    expect(result.settings).toMatchObject({ sampling: "shuffle", seeds: "0, 1", "learning rate": "0.01" });
  });

  it("names a run that is not in equilibrium beside the mean it is not part of", async () => {
    keep("climbing", madeRun({ batch: 50, seed: 2, sharpness: (step) => 60 + step / 4 }));
    const found = row(await numbers("fig2", "--from", "made/*", "climbing/*"), "S_eq, b = 50");
    expect(found.brink?.runs).toEqual(["made-b50-lr0.01-s0", "made-b50-lr0.01-s1"]);
    const [first, second] = found.brink!.values!;
    expect((first! + second!) / 2).toBeCloseTo(found.brink!.value, 9);
    expect(found.remark).toMatch(/without made-b50-lr0\.01-s2: Still climbing/);
  });

  it("writes SVG, PNG, CSV, numbers and a table into a folder of the figure's own", async () => {
    const { code, stdout, stderr } = await brink(cwd, [
      "reproduce",
      "fig4",
      "--from",
      "made/*",
      "--out",
      "o",
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("difference");
    expect(stdout).toContain("setting the paper leaves open");
    const folder = path.join(cwd, "o", "fig4-own");
    expect(readFileSync(path.join(folder, "fig4.svg"), "utf8")).toContain("<svg");
    expect(readFileSync(path.join(folder, "fig4.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(path.join(folder, "fig4.csv"), "utf8").split("\n").length).toBeGreaterThan(
      sizes.length,
    );
    const table = readFileSync(path.join(folder, "table.md"), "utf8");
    expect(table).toContain("| quantity | paper | Brink ± sd | difference |");
    expect(table).toContain("made-b50-lr0.01-s1");
    const kept = JSON.parse(readFileSync(path.join(folder, "numbers.json"), "utf8")) as Numbers;
    // Batches of 50 … 2,500 of one place follow (n − b)/(b(n − 1)), whose fitted exponent is −1.152.
    const fixed = "exponent of σ_u² in b (from 50 batches), all at the equilibrium of b = 50";
    expect(row(kept, fixed).brink?.value).toBeCloseTo(-1.152, 3);
  });

  it("draws every figure the runs allow, and says which they do not", async () => {
    const { code, stdout, stderr } = await brink(cwd, ["reproduce", "all", "--from", "made/*", "--json"]);
    expect(code, stderr).toBe(0);
    const names = jsonLines(stdout).map(({ figure }) => figure);
    expect(names).toEqual(
      expect.arrayContaining(["fig1", "fig2", "fig3", "fig4", "fig5", "fig6", "fig7", "eta-scaling"]),
    );
    expect(names).not.toContain("fig9");
    expect(stderr).toContain("fig9");
    for (const { files } of jsonLines(stdout) as unknown as Numbers[]) {
      for (const file of files) expect(existsSync(path.join(cwd, file)), file).toBe(true);
    }
  });

  it("trains what a campaign lacks, once, and draws what there is without training", async () => {
    const small = ["--seeds", "1", "--set", "data={ name: synthetic-images, n: 60, testN: 0, size: 4 }"];
    for (const setting of ["net.widths=[8]", "steps=60", "measure.every=5"]) small.push("--set", setting);
    const empty = await brink(cwd, ["reproduce", "fc-relu", "--no-run", ...small]);
    expect(empty.code).toBe(2);
    expect(empty.stderr).toMatch(/no finished run for fc-relu .*quick-fc-relu-gd-s0 \(not begun\)/);
    const first = await numbers("fc-relu", "--jobs", "2", ...small);
    expect(first.missing).toEqual([]);
    const runs = Object.values(first.rows).flatMap(({ brink: found }) => found?.runs ?? []);
    const again = await brink(cwd, ["reproduce", "fc-relu", ...small, "--json"]);
    expect(again.stderr).toContain("3 runs: 3 over, 0 to do");
    expect((jsonLines(again.stdout)[0] as unknown as Numbers).rows).toEqual(first.rows);
    const more = await numbers("fc-relu", "--no-run", ...small.toSpliced(1, 1, "2"));
    expect(more.missing.map(({ run }) => run)).toEqual([
      "quick-fc-relu-gd-s1",
      "quick-fc-relu-b50-s1",
      "quick-fc-relu-b20-s1",
    ]);
    expect(Object.values(more.rows).flatMap(({ brink: found }) => found?.runs ?? [])).toEqual(runs);
  }, 60_000);
});

describe("what cannot be reproduced is one sentence and exit code 2:", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "an unknown figure",
      ["fig22"],
      /no such figure \(received fig22; allowed: .*\)\. Did you mean "fig2"\?/,
    ],
    ["runs of different problems", ["fig2", "--from", "made/*", "odd/*"], /data\.n is 5000 .* and 1000/],
    ["the same run twice over", ["fig2", "--from", "made/*", "--seeds", "2"], /--seeds: changes nothing/],
    ["no such run", ["fig2", "--from", "nothing-*"], /no such run/],
    ["a bad scale", ["fig2", "--scale", "huge"], /quick, full/],
    ["a bad setting", ["fig2", "--no-run", "--set", "optimizer.learning=1"], /optimizer/],
  ];
  it.each(cases)("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await brink(cwd, ["reproduce", ...args]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
