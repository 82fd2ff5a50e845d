// Addresses of the WebGPU build of the engine, as the bundler places it.
export { default as glueUrl } from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
export { default as wasmUrl } from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
