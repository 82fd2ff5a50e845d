// Opening a compute device by name, and how many threads this machine deserves.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { BrinkError, InputError, RunError } from "../math/index.ts";
import type { Backend, OrtModule } from "../runtime/index.ts";
import { createGraph, matmul, tanh } from "../tensor/index.ts";

/** ONNX Runtime for Node, loaded only when something is computed. */
export async function loadOnnxRuntime(): Promise<OrtModule> {
  return import("onnxruntime-node");
}

/**
 * The backend of one device. `threads` is ignored by the reference interpreter.
 *
 * @throws RunError when an accelerator does not work on this machine
 */
export async function openBackend(device: string, threads: number): Promise<Backend> {
  const { onnxRuntimeBackend, referenceBackend } = await import("../runtime/index.ts");
  if (device === "reference") return referenceBackend();
  const backend = onnxRuntimeBackend(await loadOnnxRuntime(), { device, threads });
  // Better now, in one sentence, than from the first program of a run whose folder is already there.
  if (device !== "cpu") await tryDevice(backend);
  return backend;
}

/** Runs a program of two operators and checks its numbers. Throws RunError when the device cannot do that. */
export async function tryDevice(backend: Backend): Promise<void> {
  const failure = (reason: string): RunError =>
    new RunError(`device "${backend.device}" does not work on this machine`, {
      received: reason,
      hint: "`brink doctor` lists the devices that do",
    });
  const x = createGraph().input("x", [2, 2]);
  const result = new Float32Array(4);
  try {
    const executable = await backend.compile({ inputs: [x], outputs: [tanh(matmul(x, x))] }, "float32");
    await executable.run([new Float32Array([1, 0, 0, 0.5])], [result]);
    await executable.dispose();
  } catch (error) {
    const message = error instanceof BrinkError ? error.detail.received : String(error);
    // The runtime puts its reason in the last sentence of a line that begins with its own source file.
    throw failure((message ?? String(error)).trim().split("\n").at(-1)!.split(". ").at(-1)!);
  }
  const expected = [Math.tanh(1), 0, 0, Math.tanh(0.25)];
  if (expected.some((value, i) => Math.abs(value - result[i]!) > 1e-3)) throw failure("wrong numbers");
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
