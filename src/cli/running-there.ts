/** What runs on the local server of a data directory, for those who wait until it has ended. */
import { createApi } from "../client/api.ts";
import { dispatchOverNetwork } from "../client/dispatch.ts";
import { createTransport } from "../client/transport.ts";
import { readOwner } from "../database/owner.ts";
import { readAdminToken } from "./data-dir.ts";
import { describeWork } from "./output/entry-text.ts";

const MOST = 3;

/** "web-1 restart (entry 14), web-2 restart (entry 15)"; undefined when nothing runs, or it can't be asked. */
export async function runningThere(dataDir: string): Promise<string | undefined> {
  const url = readOwner(dataDir)?.url;
  const token = readAdminToken(dataDir);
  if (typeof url !== "string" || token === undefined) return undefined;
  const transport = createTransport({ url, token, dispatch: dispatchOverNetwork, retryTime: 0 });
  try {
    const query = { status: "running,canceling", kind: "operation", automatic: true, limit: MOST + 1 };
    const { items } = await createApi(transport).entries(query);
    const told = items.slice(0, MOST).map((entry) => `${describeWork(entry)} (entry ${entry.id})`);
    if (items.length > MOST) told.push("…");
    return told.length === 0 ? undefined : told.join(", ");
  } catch {
    return undefined; // it answers no more: it is nearly gone
  } finally {
    transport.close();
  }
}
