/** Where the local server keeps its data, and what the command line reads there. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Context } from "./context.ts";

/** The admin token of the server that owns the directory, mode 0600. */
export const ADMIN_TOKEN_FILE = "admin.token";
/** The log of the server that `wilco up` started. */
export const SERVER_LOG_FILE = "server.log";

/** --data-dir > WILCO_DATA_DIR > $XDG_STATE_HOME/wilco > ~/.local/state/wilco. */
export function dataDirOf(context: Pick<Context, "env" | "path">, flag: string | undefined): string {
  const named = flag ?? nonEmpty(context.env["WILCO_DATA_DIR"]);
  if (named !== undefined) return context.path(named);
  const state =
    nonEmpty(context.env["XDG_STATE_HOME"]) ?? join(nonEmpty(context.env["HOME"]) ?? homedir(), ".local", "state");
  return join(state, "wilco");
}

/** undefined when there is none, or it may not be read by this user. */
export function readAdminToken(dataDir: string): string | undefined {
  try {
    return nonEmpty(readFileSync(join(dataDir, ADMIN_TOKEN_FILE), "utf8").trim());
  } catch {
    return undefined; // the caller says that there is no token, and what to do
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
