// What changed between a run's first session and now: why a resumed run might not repeat its bits.
import type { Provenance } from "../record/index.ts";

const named = [
  ["Brink", "brink"],
  ["Node", "node"],
  ["ONNX Runtime", "onnxruntime"],
  ["processor", "cpu"],
  ["platform", "platform"],
  ["device", "device"],
  ["threads", "threads"],
] as const;

/** Differences that can change a run's bits, as `threads 2 → 4`; empty when there are none. */
export function changesSince(before: Provenance, now: Provenance): string[] {
  const changes = named
    .filter(([, key]) => before[key] !== now[key])
    .map(([what, key]) => `${what} ${before[key] ?? "none"} → ${now[key] ?? "none"}`);
  if (before.data.checksum !== now.data.checksum) changes.push("data");
  return changes;
}
