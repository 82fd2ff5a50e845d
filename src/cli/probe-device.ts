// Run by `brink doctor` in a process of its own: does one device give the right numbers? Prints the backend's name.
// Separate because a missing driver makes native code print, or take the process down with it.
import { openBackend, tryDevice } from "./devices.ts";

const backend = await openBackend(process.argv[2] ?? "cpu", 1);
await tryDevice(backend);
process.stdout.write(`${backend.name}\n`);
