// The shelf of checkpoints: its budget, what it keeps, and that nothing is shared.
import { expect, it } from "vitest";
import type { Checkpoint } from "../lab/index.ts";
import { CheckpointShelf } from "./checkpoints.ts";

function checkpoint(step: number, size = 4): Checkpoint {
  return {
    step,
    theta: new Float64Array(size).fill(step),
    optimizer: {},
    sampler: null,
    eigen: null,
    previous: null,
    progress: {} as Checkpoint["progress"],
  };
}

it("keeps the first and the last within its budget, the rest evenly", () => {
  const shelf = new CheckpointShelf(5 * 32);
  for (let step = 0; step <= 100; step += 5) shelf.add(checkpoint(step));
  expect(shelf.steps).toHaveLength(5);
  expect(shelf.steps[0]).toBe(0);
  expect(shelf.steps.at(-1)).toBe(100);
  const gaps = shelf.steps.slice(1).map((step, i) => step - shelf.steps[i]!);
  expect(Math.max(...gaps)).toBeLessThan(70);
});

it("returns copies, and forgets what came after", () => {
  const shelf = new CheckpointShelf(1e6);
  const live = checkpoint(10);
  for (const one of [checkpoint(0), live, checkpoint(20)]) shelf.add(one);
  live.theta.fill(NaN);
  const found = shelf.returnTo(15)!;
  expect(found.step).toBe(10);
  expect(found.theta[0]).toBe(10);
  found.theta.fill(7);
  expect(shelf.last?.theta[0]).toBe(10);
  expect(shelf.steps).toEqual([0, 10]);
});
