// Executing programs: the backend interface, ONNX Runtime behind it, and the reference interpreter; kernels of WebAssembly.
export * from "./backend.ts";
export * from "./onnxruntime.ts";
export * from "./reference.ts";
export * from "./wasm-lanes.ts";
export * from "./wasm-module.ts";
