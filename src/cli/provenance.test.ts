// What a resumed run warns about.
import { describe, expect, it } from "vitest";
import type { Provenance } from "../record/index.ts";
import { changesSince } from "./provenance.ts";

const before: Provenance = {
  version: 1,
  brink: "0.1.0",
  git: null,
  command: ["brink", "run", "a.yaml"],
  platform: "linux x64",
  cpu: "a",
  node: "20.19.0",
  onnxruntime: "1.30.0",
  device: "cpu",
  threads: 2,
  seed: 0,
  data: { name: "chebyshev", checksum: "00", notes: [] },
  createdAt: "2026-01-01T00:00:00Z",
  sessions: [],
};

describe("changesSince", () => {
  it("lists what can change the bits", () => {
    const now = { ...before, threads: 4, onnxruntime: null, data: { ...before.data, checksum: "01" } };
    expect(changesSince(before, now)).toEqual(["ONNX Runtime 1.30.0 → none", "threads 2 → 4", "data"]);
  });

  it("does not mind another command, commit or date", () => {
    const now = { ...before, command: ["brink", "resume"], createdAt: "2027-01-01T00:00:00Z", seed: 1 };
    expect(changesSince(before, now)).toEqual([]);
  });
});
