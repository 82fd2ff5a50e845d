// `npm run build:site`: the pages as static files in dist/site.
import { checkNode, ensureInstalled, ensureSite, main } from "./setup.mjs";

await main(async () => {
  checkNode();
  ensureInstalled();
  const built = await ensureSite();
  process.stdout.write(built ? "dist/site is built.\n" : "dist/site is up to date.\n");
  return 0;
});
