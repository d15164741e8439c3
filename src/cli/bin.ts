#!/usr/bin/env node
/** The entry of the `wilco` command. `--version` is answered before anything is imported: start-up is the measure. */
import module from "node:module"; // as a whole: older Nodes lack the function used below and could not even say so
import { defaultCacheDirectory } from "../sandbox/cache-directory.ts";
import { startEarlyThread } from "./early-thread.ts";
import { refuseOldNode } from "./node-version.ts";
import { readVersion } from "./version.ts";

const [first, ...rest] = process.argv.slice(2);
const refusal = refuseOldNode(process.versions.node);
if ((first === "--version" || first === "-V") && rest.length === 0) {
  process.stdout.write(`${readVersion()}\n`);
} else if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 2; // wrong use: nothing was submitted
} else {
  await startEarlyThread(process.argv.slice(2));
  // Not Node's default place: that is a directory all users share.
  module.enableCompileCache(`${defaultCacheDirectory()}/compiled`);
  const { main } = await import("./main.ts");
  await main(process);
}
