// Addresses of the processor build of the engine, as the bundler places it.
export { default as glueUrl } from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
export { default as wasmUrl } from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
