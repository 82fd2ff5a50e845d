// A thread that cannot start says so, to whoever asks. What one computes is tested end to end.
import { expect, test } from "vitest";
import { openDriftThread } from "./drift-thread.ts";

test("a thread that fails is an error for the question under way and for every later one", async () => {
  // Beside the sources there is no compiled worker to start.
  const thread = openDriftThread({
    inputs: { n: 2, classes: 2, labels: Int32Array.of(0, 1) },
    gram: Float64Array.of(1, 0, 0, 1),
    tolerance: 1e-6,
    examples: Int32Array.of(1),
  });
  const message = /a thread that computes part of the drift failed.*drift-worker.*`threads: 1`/s;
  await expect(thread.sums(new Float64Array(4), { lr: 1, curvature: false })).rejects.toThrow(message);
  await expect(thread.sums(new Float64Array(4), { lr: null, curvature: true })).rejects.toThrow(message);
  await thread.dispose();
});
