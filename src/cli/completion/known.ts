/**
 * What the server has, for completion: kept in a file, because a Tab must be answered in the time of a start, and asked
 * for anew in the background when it is old.
 */
import { spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApi, type Api } from "../../client/api.ts";
import { createTransport } from "../../client/transport.ts";
import type { Entry } from "../../domain/entry.ts";
import { isTerminal, STATUSES } from "../../domain/status.ts";
import { sha256 } from "../../core/ids.ts";
import { makeDirectory } from "../../core/make-directory.ts";
import { defaultCacheDirectory } from "../../sandbox/cache-directory.ts";
import { resolveConnection } from "../connection.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import type { Kind } from "./places.ts";
import { versionsAsked, versionsOf, withVersions, type KnownVersion, type VersionsAsked } from "./versions.ts";

export interface Known {
  /** ms since 1970. */
  at: number;
  resources: Array<{ name: string; type: string }>;
  /** "tier=web" */
  labels: string[];
  groups: string[];
  /** By type: operations with the names of their parameters. */
  types: Record<string, Record<string, string[]>>;
  /** By type: the keys of its configuration; missing in a file of an older wilco. */
  settings?: Record<string, string[]>;
  /** What a file of an older wilco lacks, or this token may not see, is missing. */
  metrics?: Record<string, string[]>;
  zones?: string[];
  workers?: string[];
  routes?: string[];
  pausedRoutes?: string[];
  findings?: string[];
  tokens?: string[];
  secrets?: string[];
  /** The newest, and all that have not ended, the newest first. */
  entries?: KnownEntry[];
  /** Of the resources that somebody was about to name a version of. */
  versions?: Record<string, KnownVersion[]>;
}

export interface KindAt {
  kind: Kind | undefined;
  args: readonly string[];
}

export interface KnownEntry extends Pick<Entry, "id" | "kind" | "status"> {
  /** "web-1 restart" */
  work: string;
  /** When it was filed, ISO. */
  at: string;
}

/** Older than this, ms, it is asked for anew; what was known is the answer all the same. */
const FRESH = 30_000;
/** Entries and versions come and go. */
const FRESH_ENTRIES = 3_000;
const SHORT_LIVED: ReadonlySet<Kind> = new Set<Kind>([
  "entry",
  "open entry",
  "failed entry",
  "parent entry",
  "dependency",
  "deployed version",
  "configured version",
]);
const MOST = 5_000;
const MOST_ENTRIES = 50;

/** undefined when no server is named, or nothing is known of it yet. Never throws: a Tab has nobody to tell. */
export async function knownOf(context: Context): Promise<Known | undefined> {
  try {
    return read(await fileOf(context));
  } catch {
    return undefined;
  }
}

/** For the next Tab. @param words where this one was. */
export function refreshLater(known: Known | undefined, { kind, args }: KindAt, words: readonly string[]): void {
  const fresh = kind !== undefined && SHORT_LIVED.has(kind) ? FRESH_ENTRIES : FRESH;
  const versions = versionsAsked(kind, args);
  const missing = versions !== undefined && versionsOf(known, versions) === undefined;
  if (known === undefined || missing || Date.now() - known.at > fresh) askInBackground(versions ? words : []);
}

/** Asks the server, and keeps the answer. @param versions of which resource they are wanted too. */
export async function refreshKnown(context: Context, versions?: VersionsAsked): Promise<void> {
  const file = await fileOf(context);
  const { url, token } = await connectionOf(context);
  const transport = createTransport({ url, token, retryTime: 0 });
  try {
    const api = createApi(transport);
    const known = await ask(api);
    const before = read(file);
    known.versions = versions ? await withVersions(api, before, versions) : (before?.versions ?? {});
    makeDirectory(join(file, ".."), 0o700);
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(known), { mode: 0o600 });
    renameSync(temporary, file);
  } finally {
    transport.close();
  }
}

async function ask(api: Api): Promise<Known> {
  const { describeWork } = await import("../output/entry-text.ts");
  const open = STATUSES.filter((status) => !isTerminal(status)).join(",");
  const [resources, types, groups, workers, paused, findings, tokens, secrets, newest, unended] = await Promise.all([
    api.resources({ limit: 1_000 }),
    api.types(),
    api.groups(),
    listOf(api.workers()),
    listOf(api.pausedRoutes()),
    listOf(api.findings({ limit: 1_000 })),
    listOf(api.tokens()),
    listOf(api.secrets()),
    listOf(api.entries({ limit: MOST_ENTRIES })),
    listOf(api.entries({ limit: MOST_ENTRIES, status: open })),
  ]);
  const live = workers.filter(({ state }) => state !== "stopped" && state !== "lost");
  const items = [...resources.items];
  for (let { next } = resources; next !== null && items.length < MOST;) {
    const page = await api.resources({ limit: 1_000, cursor: next });
    items.push(...page.items);
    ({ next } = page);
  }
  const labels = new Set(items.flatMap((one) => Object.entries(one.labels).map(([key, value]) => `${key}=${value}`)));
  return {
    at: Date.now(),
    resources: items.map(({ name, type }) => ({ name, type })),
    labels: [...labels],
    groups: groups.items.map(({ name }) => name),
    zones: unique([...items, ...live].map(({ zone }) => zone)),
    workers: unique(live.map(({ name }) => name)),
    routes: unique(
      live.flatMap(({ name, zone, roles }) => [`worker/${name}`, ...roles.map((role) => `${zone}/${role}`)]),
    ),
    pausedRoutes: paused.map(({ route }) => route),
    findings: findings.flatMap(({ name, status }) => (status === "new" || status === "ignored" ? [name] : [])),
    tokens: tokens.flatMap(({ name, revokedAt }) => (revokedAt === null ? [name] : [])),
    secrets: secrets.map(({ name }) => name),
    entries: [...new Map([...newest, ...unended].map((entry) => [entry.id, entry])).values()]
      .toSorted((a, b) => b.id - a.id)
      .map((entry) => ({
        id: entry.id,
        kind: entry.kind,
        status: entry.status,
        work: describeWork(entry),
        at: entry.createdAt,
      })),
    metrics: Object.fromEntries(types.items.map((type) => [type.name, Object.keys(type.metrics ?? {})])),
    settings: Object.fromEntries(
      types.items.map((type) => [type.name, Object.keys(type.configuration?.["properties"] ?? {})]),
    ),
    types: Object.fromEntries(
      types.items.map((type) => [
        type.name,
        Object.fromEntries(
          Object.values(type.operations).map((operation) => [
            operation.name,
            Object.keys(operation.parameters["properties"] ?? {}),
          ]),
        ),
      ]),
    ),
  };
}

/** Nothing where the token may not see it: that is no reason to offer nothing of the rest. */
async function listOf<T>(asked: Promise<{ items: T[] }>): Promise<T[]> {
  return asked.then(
    ({ items }) => items,
    () => [],
  );
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

function connectionOf(context: Context) {
  return resolveConnection(context, dataDirOf(context, undefined));
}

/** One for each server and token: who may see less must not be offered more. */
async function fileOf(context: Context): Promise<string> {
  const { url, token } = await connectionOf(context);
  return join(defaultCacheDirectory(context.env), "completion", `${sha256(`${url} ${token}`).slice(0, 24)}.json`);
}

function read(file: string): Known | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Known;
  } catch {
    return undefined; // none yet
  }
}

function askInBackground(words: readonly string[]): void {
  // Detached and silent: the shell is not to wait for it, nor to hear of it.
  spawn(process.execPath, [...process.execArgv, process.argv[1]!, "complete", "--refresh", "--", ...words], {
    detached: true,
    stdio: "ignore",
  })
    .on("error", () => {})
    .unref();
}
