// Threads and cores.
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { InputError, RunError } from "../math/index.ts";
import type { Backend } from "../runtime/index.ts";
import { openBackend, physicalCores, resolveThreads, tryDevice } from "./devices.ts";

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

describe("tryDevice", () => {
  const pretend = (compile: Backend["compile"]): Backend => ({
    name: "x",
    device: "webgpu",
    threads: 1,
    compile,
  });

  it("accepts a device that computes", async () => {
    await expect(tryDevice(await openBackend("reference", 1))).resolves.toBeUndefined();
  });

  it("says in one sentence why one does not", async () => {
    const long = "/src/context.cc:136 Initialize was false. Failed to get an adapter: none";
    const fails = pretend(() => Promise.reject(new RunError("cannot compile", { received: `${long}\n` })));
    await expect(tryDevice(fails)).rejects.toThrow(
      'device "webgpu" does not work on this machine (received Failed to get an adapter: none)',
    );
  });

  it("does not accept wrong numbers", async () => {
    const real = await openBackend("reference", 1);
    const wrong = pretend(async (program, dtype) => {
      const executable = await real.compile(program, dtype);
      return Object.assign(Object.create(executable) as typeof executable, {
        run: async (
          feeds: Parameters<typeof executable.run>[0],
          results: Parameters<typeof executable.run>[1],
        ) => {
          await executable.run(feeds, results);
          results[0]![3] = 0;
        },
        dispose: () => executable.dispose(),
      });
    });
    await expect(tryDevice(wrong)).rejects.toThrow("wrong numbers");
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
