/** Starts a process that runs handlers. One folder deep, as the chunks of the bundle are: it names another file of dist. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../resource-types/environment.ts";

export interface StartHandlerProcess {
  /** URL of the "wilco" that type files import. */
  library: string;
  /** Marks the ends of outputs. */
  token: string;
  /** Added to the environment. */
  environment: Record<string, string>;
  /** MB that its JavaScript objects may take, unless NODE_OPTIONS says. */
  heap: number;
}

export function startHandlerProcess({ library, token, environment, heap }: StartHandlerProcess): ChildProcess {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const file = fileURLToPath(new URL(`../worker/handlers/main.${extension}`, import.meta.url));
  const own = process.env["NODE_OPTIONS"]?.includes("max-old-space-size") === true;
  const flags = ["--disable-warning=ExperimentalWarning", ...(own ? [] : [`--max-old-space-size=${heap}`])];
  return spawn(process.execPath, [...flags, file, library, token], {
    env: childEnvironment(environment),
    // A group of its own, so that it can be killed with everything it started.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    serialization: "advanced",
  });
}
