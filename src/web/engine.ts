// ONNX Runtime for browsers, fetched when first needed, with progress; on WebGPU where asked for and possible.
import { type Backend, onnxRuntimeBackend, type OrtModule, referenceBackend } from "../runtime/index.ts";
import { download, type Progress } from "./download.ts";
import type { EngineInfo } from "./protocol.ts";

/** A device opened, and what to tell the user about it. */
export interface Engine {
  readonly backend: Backend;
  readonly info: EngineInfo;
}

/** More threads than this gain nothing for the networks a page trains. */
const MOST_THREADS = 8;

/** The settings of the module used here; both builds have them. */
interface WebSettings {
  numThreads?: number;
  wasmBinary?: ArrayBufferLike | Uint8Array;
  wasmPaths?: string | { readonly mjs?: string | URL };
}

/** Opens devices and remembers them: the runtime is downloaded once per page. */
export function engineOpener(onProgress: Progress): (device: string) => Promise<Engine> {
  const opened = new Map<string, Promise<Engine>>();
  const open = async (device: string): Promise<Engine> => {
    if (device === "reference") return plain(referenceBackend());
    if (device !== "webgpu") return openWasm(onProgress);
    const { engine, reason } = await openWebgpu(onProgress);
    if (engine !== null) return engine;
    const fallback = await remembered("cpu");
    const note = `WebGPU was asked for but ${reason}: computing on the processor instead`;
    return { backend: fallback.backend, info: { ...fallback.info, notes: [note, ...fallback.info.notes] } };
  };
  const remembered = (device: string): Promise<Engine> => {
    const known = opened.get(device) ?? open(device);
    opened.set(device, known);
    // A download that failed may be tried again.
    known.catch(() => opened.delete(device));
    return known;
  };
  return remembered;
}

function plain(backend: Backend, notes: readonly string[] = []): Engine {
  const { name, device, threads } = backend;
  return { backend, info: { name, device, threads, notes } };
}

async function openWasm(onProgress: Progress): Promise<Engine> {
  const [module, { wasmUrl, glueUrl }] = await Promise.all([
    import("onnxruntime-web/wasm"),
    import("./wasm-files.ts"),
  ]);
  const isolated = globalThis.crossOriginIsolated;
  const threads = isolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1;
  const binary = await download(wasmUrl, onProgress);
  configure(module.env.wasm, threads, binary, glueUrl);
  const backend = onnxRuntimeBackend(asModule(module), { device: "wasm", threads });
  const note =
    "one thread: this page is not cross-origin isolated (see the playground's documentation for the two headers)";
  return plain(backend, isolated ? [] : [note]);
}

/** The WebGPU build, or why there is none. */
async function openWebgpu(
  onProgress: Progress,
): Promise<
  { readonly engine: Engine; readonly reason: null } | { readonly engine: null; readonly reason: string }
> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  if (gpu === undefined) return { engine: null, reason: "this browser has none" };
  try {
    if ((await gpu.requestAdapter()) === null)
      return { engine: null, reason: "this machine offers no adapter" };
    const [module, { wasmUrl, glueUrl }] = await Promise.all([
      import("onnxruntime-web/webgpu"),
      import("./webgpu-files.ts"),
    ]);
    configure(module.env.wasm, 1, await download(wasmUrl, onProgress), glueUrl);
    const backend = onnxRuntimeBackend(asModule(module), { device: "webgpu", threads: 1 });
    return { engine: plain(backend), reason: null };
  } catch (error) {
    return { engine: null, reason: `it failed (${error instanceof Error ? error.message : String(error)})` };
  }
}

function configure(settings: WebSettings, threads: number, binary: Uint8Array, glueUrl: string): void {
  settings.numThreads = threads;
  settings.wasmBinary = binary;
  // The runtime imports this address from a script of its own.
  settings.wasmPaths = { mjs: new URL(glueUrl, globalThis.location.href).href };
}

/** Both builds are what `OrtModule` describes; their declared types are only stricter about names. */
function asModule(module: object): OrtModule {
  return module as unknown as OrtModule;
}
