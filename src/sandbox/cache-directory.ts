/** Where a user's caches go on this system. */
import { homedir } from "node:os";
import { join } from "node:path";

export function defaultCacheDirectory(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "wilco", "cache");
  if (env["XDG_CACHE_HOME"]) return join(env["XDG_CACHE_HOME"], "wilco");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "wilco");
  return join(homedir(), ".cache", "wilco");
}
