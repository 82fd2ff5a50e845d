// Threads and cores.
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { InputError } from "../math/index.ts";
import { openBackend, physicalCores, resolveThreads } from "./devices.ts";

/** /proc/cpuinfo of `sockets` × `cores` × `siblings`. */
function cpuInfo(sockets: number, cores: number, siblings: number): string {
  const blocks: string[] = [];
  for (let s = 0; s < sockets; s++) {
    for (let sibling = 0; sibling < siblings; sibling++) {
      for (let c = 0; c < cores; c++) {
        blocks.push(`processor\t: ${blocks.length}\nphysical id\t: ${s}\ncore id\t\t: ${c}\nflags\t\t: fpu`);
      }
    }
  }
  return `${blocks.join("\n\n")}\n\n`;
}

describe("physicalCores", () => {
  it("counts cores, not hyper-threads, over all sockets", () => {
    expect(physicalCores(() => cpuInfo(1, 4, 2))).toBe(4);
    expect(physicalCores(() => cpuInfo(2, 8, 2))).toBe(16);
    expect(physicalCores(() => cpuInfo(1, 2, 1))).toBe(2);
  });

  it("falls back to what Node knows where nothing is listed", () => {
    expect(physicalCores(() => "")).toBe(availableParallelism());
    expect(physicalCores(() => "processor : 0\nmodel name : x\n")).toBe(availableParallelism());
  });
});

describe("resolveThreads", () => {
  it("uses at most what this process may use when automatic, and what was asked otherwise", () => {
    expect(resolveThreads("auto")).toBeGreaterThanOrEqual(1);
    expect(resolveThreads("auto")).toBeLessThanOrEqual(availableParallelism());
    expect(resolveThreads(3)).toBe(3);
  });

  it("refuses a number that can only be a mistake", () => {
    expect(() => resolveThreads(4096)).toThrow(InputError);
  });
});

describe("openBackend", () => {
  it("names device and threads", async () => {
    expect(await openBackend("reference", 4)).toMatchObject({ device: "reference", threads: 1 });
    const cpu = await openBackend("cpu", 2);
    expect(cpu).toMatchObject({ device: "cpu", threads: 2 });
    expect(cpu.name).toMatch(/^onnxruntime \d/);
  });
});
