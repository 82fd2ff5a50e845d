// Data sets: bytes in, arrays out. Which options exist, how files are decoded, how examples are prepared.
export * from "./config.ts";
export * from "./dataset.ts";
export * from "./options.ts";
