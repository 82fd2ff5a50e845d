#!/usr/bin/env node
// Entry point of the installed package's `brink`.
import { processIo } from "./process-io.ts";
import { runCommandLine } from "./program.ts";

process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
