// Label placement and shortening.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fitText, spread, textWidth, wrapText } from "./text.ts";

test("spread keeps order, distance and bounds, and leaves labels alone that do not collide", () => {
  expect(spread([10, 100, 200], 14, 0, 300)).toEqual([10, 100, 200]);
  expect(spread([100, 100], 14, 0, 300)).toEqual([93, 107]);
  expect(spread([300, 300], 14, 0, 300)).toEqual([286, 300]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: -50, max: 450, noNaN: true }), { maxLength: 25 }), (wanted) => {
      const placed = spread(wanted, 14, 0, 400);
      const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
      for (const [rank, index] of order.entries()) {
        expect(placed[index]).toBeGreaterThanOrEqual(-1e-9);
        expect(placed[index]).toBeLessThanOrEqual(400 + 1e-9);
        if (rank > 0) expect(placed[index]! - placed[order[rank - 1]!]!).toBeGreaterThanOrEqual(14 - 1e-9);
      }
    }),
  );
});

test("labels that cannot all fit are spread evenly over the room there is", () => {
  expect(spread([5, 5, 5, 5, 5], 14, 0, 40)).toEqual([0, 10, 20, 30, 40]);
});

test("spread minimises the squared displacement (against random perturbations)", () => {
  const wanted = [50, 52, 53, 120, 121];
  const cost = (placed: readonly number[]): number =>
    placed.reduce((s, y, i) => s + (y - wanted[i]!) ** 2, 0);
  const best = cost(spread(wanted, 14, 0, 400));
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 5, maxLength: 5 }),
      (moves) => {
        const other = spread(wanted, 14, 0, 400).map((y, i) => y + moves[i]!);
        const valid = other.every((y, i) => i === 0 || y - other[i - 1]! >= 14);
        if (valid) expect(cost(other)).toBeGreaterThanOrEqual(best - 1e-9);
      },
    ),
  );
});

test("shortened text fits, keeps both ends, and never grows", () => {
  expect(fitText("sgd batch 50", 200, 11)).toBe("sgd batch 50");
  const long = "file a/very/long/path/to/some/initial-parameters.safetensors";
  const short = fitText(long, 150, 11);
  expect(textWidth(short, 11)).toBeLessThanOrEqual(150);
  expect(short).toMatch(/^file .*….*tensors$/);
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.integer({ min: 11, max: 200 }),
      (text, width) => {
        expect(textWidth(fitText(text, width, 11), 11)).toBeLessThanOrEqual(width);
      },
    ),
  );
});

test("labels of different heights keep half of each apart", () => {
  expect(spread([100, 100, 100], [10, 30, 10], 0, 300)).toEqual([80, 100, 120]);
  expect(spread([100, 90], [20, 40], 0, 300)).toEqual([110, 80]);
});

test("wrapped text keeps its words in order, fits, and says when something is missing", () => {
  expect(wrapText("one two three", 1000, 11, 3)).toEqual(["one two three"]);
  const text = "fit: slope −1.27 ± 0.05, R² = 0.98, without the two largest batches";
  const lines = wrapText(text, 120, 11, 9);
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join(" ")).toBe(text);
  const short = wrapText(text, 120, 11, 2);
  expect(short).toHaveLength(2);
  expect(short.join(" ")).toContain("…");
  for (const line of [...lines, ...short]) expect(textWidth(line, 11)).toBeLessThanOrEqual(120);
  expect(wrapText("x".repeat(500), 120, 11, 3)).toHaveLength(1);
});
