// The run record: its typed events and the codecs of its files. Bytes in, objects out.
export * from "./config-values.ts";
export * from "./coupling.ts";
export * from "./crc32.ts";
export * from "./events.ts";
export * from "./inflate.ts";
export * from "./jsonl.ts";
export * from "./measured.ts";
export * from "./npy.ts";
export * from "./npz.ts";
export * from "./provenance.ts";
export * from "./run-files.ts";
export * from "./safetensors.ts";
export * from "./series.ts";
export * from "./series-builder.ts";
export * from "./serve-api.ts";
export * from "./stability.ts";
export * from "./tensor-file.ts";
