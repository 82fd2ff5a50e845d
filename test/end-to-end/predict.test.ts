// `brink predict`: measured windows are kept and gone on from, the table and figure, and every way it says no.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { brink, jsonLines, runFolders, scratch, writeExperiment } from "./brink.ts";

const slow = 240_000;
let cwd: string;
let [descent, noisy] = ["", ""];

beforeAll(async () => {
  cwd = scratch();
  const rest = ["steps: 2000", "measure: { every: 30, point: both, landscape: true, noise: true }"];
  writeExperiment(cwd, "gd", ["optimizer: { name: gd, lr: 0.25 }", ...rest]);
  writeExperiment(cwd, "sgd", ["optimizer: { name: sgd, lr: 0.25, batch: 16, sampling: without }", ...rest]);
  for (const name of ["gd", "sgd"]) await brink(cwd, ["run", `${name}.yaml`, "-q"]);
  [descent, noisy] = runFolders(cwd) as [string, string];
}, slow);

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Numbers {
  groups: {
    batch: number | "full";
    runs: string[];
    measured: Record<"againstDescent" | "againstEdge", { mean: number }> & {
      againstDescentAtAverages: { value: number };
    };
    predicted: {
      places: { place: string; segments: number; sharpness: { mean: number }; beta: { mean: number } }[];
      oscillation: { mean: number }[];
    };
  }[];
}

const lines = (): string[] =>
  readFileSync(path.join(cwd, "prediction", `${noisy}.jsonl`), "utf8")
    .trim()
    .split("\n");

it(
  "measures windows, compares them with the measured gap, and goes on from them",
  async () => {
    const first = await brink(cwd, ["predict", "*gd*", "--window", "30", "--segments", "2"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/predicted 2\/η − S\nb +place +S /);
    expect(first.stdout).toMatch(/16 +average, moved to the edge +8\.00/);
    const measured = lines();
    expect(measured).toHaveLength(3);
    expect(readdirSync(path.join(cwd, "prediction")).toSorted()).toEqual(
      [
        `${descent}.jsonl`,
        `${noisy}.jsonl`,
        "numbers.json",
        "prediction.csv",
        "prediction.png",
        "prediction.svg",
        "table.md",
      ].toSorted(),
    );

    const more = await brink(cwd, ["predict", "*gd*", "--window", "30", "--segments", "3", "--json"]);
    expect(more.code, more.stderr).toBe(0);
    expect(more.stderr).not.toContain("window 2 of 3");
    expect(lines().slice(0, 3)).toEqual(measured);
    expect(lines()).toHaveLength(4);
    const [group, reference] = (jsonLines(more.stdout)[0] as unknown as Numbers).groups;
    expect(group).toMatchObject({ batch: 16, runs: [noisy] });
    expect(reference).toMatchObject({ batch: "full", runs: [descent] });
    const average = (of: typeof group): number =>
      of!.predicted.places.find(({ place }) => place === "average")!.sharpness.mean;
    expect(group!.measured.againstDescentAtAverages.value).toBeCloseTo(
      average(reference) - average(group),
      9,
    );
    expect(group!.predicted.places.map(({ place, segments }) => [place, segments])).toEqual(
      ["iterate", "midpoint", "average", "midpointOnEdge", "averageOnEdge"].map((place) => [place, 3]),
    );
    const { againstDescent, againstEdge } = group!.measured;
    const descentAbove = againstDescent.mean - againstEdge.mean;
    const summary = JSON.parse(readFileSync(path.join(cwd, "runs", descent, "summary.json"), "utf8")) as {
      equilibriumSharpness: number;
    };
    expect(descentAbove).toBeCloseTo(summary.equilibriumSharpness - 8, 6);

    const again = await brink(cwd, ["predict", noisy, "--window", "30", "--no-run", "--json", "-q"]);
    const [same] = (jsonLines(again.stdout)[0] as unknown as Numbers).groups;
    expect(same!.predicted).toEqual(group!.predicted);
  },
  slow,
);

it.each([
  ["gradient descent alone", () => ["predict", descent], /no finished run of SGD/],
  ["windows of another length", () => ["predict", noisy, "--window", "40"], /another length.*40.*30/],
  ["nothing measured", () => ["predict", noisy, "--no-run", "--out", "empty"], /nothing is measured yet/],
  ["an unknown run", () => ["predict", "sgx"], /no such run/],
  ["a window of one step", () => ["predict", noisy, "--window", "1"], /whole number of at least 2/],
] as const)(
  "refuses %s",
  async (_, args, message) => {
    const { code, stderr } = await brink(cwd, [...args()]);
    expect(code).toBe(2);
    expect(stderr.replaceAll("\n", " ")).toMatch(message);
    expect(existsSync(path.join(cwd, "empty"))).toBe(false);
  },
  slow,
);
