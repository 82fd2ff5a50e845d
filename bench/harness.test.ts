// The harness: statistics against hand-made numbers, the order of visits, pairing, exact operation counts.
import { describe, expect, it } from "vitest";
import { interleave, over, quantile, ratio, side, summarise } from "./harness.ts";
import { gradientFlops } from "./parts/flops.ts";
import { meets, renderTable, spread } from "./parts/report.ts";
import { startTorchPeer } from "./peers/torch-peer.ts";

describe("summarise", () => {
  it("takes quartiles linearly between neighbours", () => {
    expect(summarise([4, 1, 3, 2])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25, samples: 4 });
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantile([7], 0.9)).toBe(7);
  });
});

describe("interleave", () => {
  it("visits all sides each round, in alternating order, and drops the warm-up", async () => {
    const visits: string[] = [];
    const visited = (name: string, times: number[]): { name: string; sample: () => Promise<number[]> } => ({
      name,
      sample: async () => {
        visits.push(name);
        return times;
      },
    });
    const rounds = await interleave([visited("a", [1, 9, 2]), visited("b", [4])], {
      rounds: 2,
      warmup: 1,
      pause: 0,
    });
    expect(visits).toEqual(["b", "a", "a", "b", "b", "a"]);
    expect(rounds.get("a")).toEqual([2, 2]);
    expect(over(rounds, "b")?.median).toBe(4);
  });

  it("runs each side's action once more than it times it", async () => {
    let runs = 0;
    const times = await side("x", 3, async () => {
      runs++;
    }).sample();
    expect(runs).toBe(4);
    expect(times).toHaveLength(3);
  });
});

describe("ratio", () => {
  it("is taken within rounds: a slow round does not move it", () => {
    const rounds = new Map([
      ["a", [1, 10, 1]],
      ["b", [2, 20, 2]],
    ]);
    expect(ratio(rounds, "a", "b")).toEqual({ median: 0.5, lower: 0.5, upper: 0.5, samples: 3 });
    expect(ratio(rounds, "a", "absent")).toBeUndefined();
  });
});

describe("gradientFlops", () => {
  it("counts by brute force", () => {
    const [n, widths] = [7, [5, 4, 3, 2]] as const;
    let operations = 0;
    for (let layer = 1; layer < widths.length; layer++) {
      const products = layer === 1 ? 2 : 3;
      for (let row = 0; row < widths[layer]!; row++)
        for (let column = 0; column < widths[layer - 1]!; column++) operations += 2 * n * products;
    }
    expect(gradientFlops(widths, n)).toBe(operations);
    expect(gradientFlops([3072, 200, 200, 10], 5000)).toBe(13_548_000_000);
  });
});

describe("table", () => {
  it("aligns columns and says whether goals are met", () => {
    const half = summarise([0.4, 0.5, 0.6]);
    expect(meets(half, { relation: "≤", value: 0.5 })).toBe(true);
    expect(meets(half, { relation: "≥", value: 0.8 })).toBe(false);
    expect(spread(summarise([1234.4]))).toBe("1234");
    const [header, first] = renderTable([
      { name: "gradient", brink: half, ratio: half, of: "peer", goal: { relation: "≥", value: 0.8 } },
    ]).split("\n");
    expect(first).toMatch(/^gradient +0\.500 \(0\.450–0\.550\) .*peer +≥ 0\.8 +not met$/u);
    expect(header!.indexOf("ratio")).toBe(first!.lastIndexOf("0.500"));
  });
});

describe("peer", () => {
  it("says why there is none instead of failing", async () => {
    const before = process.env["PYTHON"];
    process.env["PYTHON"] = "no-such-python";
    try {
      const peer = await startTorchPeer(1);
      expect(peer).toMatch(/^No PyTorch peer \(no-such-python: .*ENOENT/u);
    } finally {
      if (before === undefined) delete process.env["PYTHON"];
      else process.env["PYTHON"] = before;
    }
  });
});
