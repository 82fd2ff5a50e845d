// Executing programs: the backend interface, ONNX Runtime behind it, and the reference interpreter.
export * from "./backend.ts";
export * from "./onnxruntime.ts";
export * from "./reference.ts";
