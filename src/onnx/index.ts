// ONNX: model objects to and from bytes. Bytes in, bytes out; no files.
export { decodeModel } from "./decode.ts";
export { encodeModel } from "./encode.ts";
export * from "./model.ts";
export * from "./lower.ts";
