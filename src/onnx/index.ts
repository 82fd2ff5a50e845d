// ONNX: tensor programs to models and back, models to bytes and back. Bytes in, bytes out; no files.
export { decodeModel } from "./decode.ts";
export { encodeModel } from "./encode.ts";
export { type ImportedModel, importModel, type ImportOptions } from "./import.ts";
export * from "./lower.ts";
export * from "./model.ts";
