#!/usr/bin/env node
/** The entry of the `wilco` command. `--version` is answered before anything is imported: start-up is the measure. */
import { enableCompileCache } from "node:module";
import { readVersion } from "./version.ts";

const [first, ...rest] = process.argv.slice(2);
if ((first === "--version" || first === "-V") && rest.length === 0) {
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { startEarlyThread } = await import("./early-thread.ts");
  await startEarlyThread(process.argv.slice(2));
  // Not Node's default place: that is a directory all users share.
  const { defaultCacheDirectory } = await import("../sandbox/cache-directory.ts");
  enableCompileCache(`${defaultCacheDirectory()}/compiled`);
  const { main } = await import("./main.ts");
  await main(process);
}
