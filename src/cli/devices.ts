// Opening a compute device by name, and how many threads this machine deserves.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { InputError } from "../math/index.ts";
import type { Backend, OrtModule } from "../runtime/index.ts";

/** ONNX Runtime for Node, loaded only when something is computed. */
export async function loadOnnxRuntime(): Promise<OrtModule> {
  return import("onnxruntime-node");
}

/** The backend of one device. `threads` is ignored by the reference interpreter. */
export async function openBackend(device: string, threads: number): Promise<Backend> {
  const { onnxRuntimeBackend, referenceBackend } = await import("../runtime/index.ts");
  if (device === "reference") return referenceBackend();
  return onnxRuntimeBackend(await loadOnnxRuntime(), { device, threads });
}

/** Threads for `auto`: the physical cores this process may use. */
export function resolveThreads(threads: number | "auto"): number {
  const usable = availableParallelism();
  if (threads === "auto") return Math.min(physicalCores(), usable);
  const most = Math.max(64, 4 * usable);
  if (threads > most) {
    throw new InputError("more threads than make sense on this machine", {
      field: "threads",
      received: String(threads),
      allowed: `1 to ${most}`,
    });
  }
  return threads;
}

/**
 * Physical cores: matrix products gain nothing from hyper-threads. Linux lists them; elsewhere the logical count
 * is the best Node knows.
 */
export function physicalCores(readCpuInfo: () => string = cpuInfo): number {
  const cores = new Set<string>();
  for (const block of readCpuInfo().split(/\n\s*\n/)) {
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (core !== undefined) cores.add(`${socket ?? "0"}/${core}`);
  }
  return cores.size > 0 ? cores.size : availableParallelism();
}

function cpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
