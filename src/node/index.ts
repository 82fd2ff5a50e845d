// Node's side: runs on disk, data files and downloads, provenance, PNG. Everything here may touch the platform.
export * from "./data-files.ts";
export * from "./download.ts";
export * from "./drift-thread.ts";
export * from "./files.ts";
export * from "./pack-run.ts";
export * from "./paths.ts";
export * from "./png.ts";
export * from "./provenance.ts";
export * from "./read-run.ts";
export * from "./run-lock.ts";
export * from "./run-store.ts";
