export * from "./events.ts";
export * from "./tensor-file.ts";
