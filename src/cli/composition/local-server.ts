/** The server of `--local`: in this process, without a socket, on a directory of its own. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi, type Api } from "../../client/api.ts";
import type { Dispatch } from "../../client/dispatch.ts";
import { createTransport } from "../../client/transport.ts";
import { randomId } from "../../core/ids.ts";
import { WilcoError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { readPlacedInventory } from "../inventory-file.ts";
import { withPlaces } from "../../core/yaml-places.ts";
import type { LocalFlags } from "../remote.ts";
import { readVersion } from "../version.ts";
import { injectDispatch } from "./inject-dispatch.ts";
import { loadTypes } from "./load-types.ts";
import { createLog } from "./log.ts";
import { startServerParts, type ServerParts } from "./server-parts.ts";

export interface LocalServer {
  /** Never listened on: it names the server in requests and messages. */
  url: string;
  adminToken: string;
  dispatch: Dispatch;
  /** Lets what is under way end, stops, and removes a temporary directory. Idempotent. */
  stop(): Promise<void>;
}

const URL_OF_LOCAL = "http://wilco.local";
const DEFAULT_INVENTORY = "wilco.yaml";
const SLOTS = 16;
/** A managed process that does not stop is killed by its type after its stopTimeout; this is beyond all of that. */
const LOOK_MS = 5_000;

/**
 * @param signal aborted = what runs is stopped instead of waited for.
 * @throws WilcoError as the server's start and `apply` do; then nothing is left behind.
 */
export async function startLocalServer(
  context: Context,
  flags: LocalFlags,
  signal?: AbortSignal,
): Promise<LocalServer> {
  const inventory = flags.inventory ?? (existsSync(context.path(DEFAULT_INVENTORY)) ? DEFAULT_INVENTORY : undefined);
  const file = inventory === undefined ? undefined : await readPlacedInventory(context, inventory);
  const temporary = flags.dataDir === undefined;
  const dataDir = temporary ? await mkdtemp(join(tmpdir(), "wilco-local-")) : dataDirOf(context, flags.dataDir);
  let server: ServerParts | undefined;
  let api: Api | undefined;
  const close = async () => {
    if (signal?.aborted) await server?.stopNow();
    else await server?.stop();
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    server = await startServerParts({
      dataDir,
      listen: null,
      worker: { name: "local", slots: { min: 0, max: SLOTS }, types: await loadTypes(undefined, context.cwd) },
      // It lives for one command, which looks for itself.
      settings: { automatic: false },
      version: readVersion(),
      log: createLog(context.output, context.flags.verbose === true ? "debug" : "error"),
    });
    const adminToken = server.adminToken;
    if (adminToken === null) throw new WilcoError({ code: "internal", message: "The local server has no admin token" });
    const inject = injectDispatch(server.app);
    api = createApi(createTransport({ url: URL_OF_LOCAL, token: adminToken, dispatch: inject, retryTime: 0 }));
    const client = api;
    if (file) await withPlaces(file.named, file.placeOf, () => client.apply(file.document));
    let onlyRead = true;
    const dispatch: Dispatch = (request) => {
      if (request.method !== "GET") onlyRead = false;
      return inject(request);
    };
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      // In a new directory nothing has begun by itself.
      if (temporary && onlyRead) return close();
      if (!signal?.aborted) await drain(client, signal);
      if (temporary) await stopProcesses(client, context);
      await close();
    };
    return { url: URL_OF_LOCAL, adminToken, dispatch, stop: () => (stopping ??= stop()) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Until nothing is queued or runs. What is scheduled for later stays where it is, as long as its directory does. */
async function drain(api: Api, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const { items } = await api.entries({ status: "queued,running,canceling,blocked", limit: 1_000 });
    const open = items.filter((entry) => entry.status !== "blocked" || items.some((one) => one.status !== "blocked"));
    if (open.length === 0 || signal?.aborted) return;
    await api
      .poll(
        { entries: open.map(({ id, lastEvent }) => ({ id, seen: lastEvent })), wait: LOOK_MS },
        signal ? { signal } : {},
      )
      .catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
  }
}

/**
 * Managed processes outlive their worker, but not what is known about them: a temporary directory takes that with it,
 * and nobody could stop them any more.
 */
async function stopProcesses(api: Api, { output }: Context): Promise<void> {
  const started = new Map<number, string>();
  for (const operation of ["start", "restart", "deploy"]) {
    const { items } = await api.entries({ operation, limit: 1_000 });
    for (const { resource } of items) if (resource?.type === "process") started.set(resource.id, resource.name);
  }
  if (started.size === 0) return;
  const { entries } = await api.submit(
    {
      entries: [...started.keys()].map((resource) => ({ resource, operation: "stop", note: "the local server ends" })),
    },
    randomId(),
  );
  await drain(api, undefined);
  const names = [...started.values()].join(", ");
  if (entries.some((outcome) => "error" in outcome)) output.warn(`Some of these processes may still run: ${names}.`);
  else output.notice(`Stopped ${names}: with --local they end with the server, unless it has a --data-dir.`);
}
