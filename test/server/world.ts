/** A server app on a real inventory and real tokens; the operations are a stand-in unless a test gives its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { pino, type Logger } from "pino";
import { onTestFinished } from "vitest";
import { createTokens, type Tokens } from "../../src/access/tokens.ts";
import { createContentStore, type ContentStore } from "../../src/content/store.ts";
import { openContentBytes } from "../../src/database/content-bytes.ts";
import { openDatabase, type Database } from "../../src/database/database.ts";
import type { Inventory } from "../../src/inventory/inventory.ts";
import type { Operations } from "../../src/operations/contract.ts";
import type { TokenRole } from "../../src/protocol/messages.ts";
import { createServerApp } from "../../src/server/app.ts";
import { DAEMON, inventoryOn, SERVICE } from "../inventory/world.ts";

export const ROLES = ["viewer", "operator", "worker", "admin"] as const;

export interface Call {
  method: string;
  args: unknown[];
}

export interface ServerWorld {
  app: FastifyInstance;
  content: ContentStore;
  /** Of its files; with PostgreSQL empty. */
  contentDirectory: string;
  database: Database;
  inventory: Inventory;
  tokens: Tokens;
  /** Secrets by role. */
  secrets: Record<TokenRole, string>;
  /** What reached the operations. */
  calls: Call[];
  /** Asks as that role (default admin); an object as payload goes as JSON. */
  ask(method: InjectOptions["method"], url: string, options?: AskOptions): Promise<Answer>;
}

export interface AskOptions {
  as?: TokenRole;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  // eslint-disable-next-line typescript/no-explicit-any -- answers of every shape are looked at by their parts
  body: any;
  text: string;
  headers: Record<string, unknown>;
}

export async function openServer(
  options: { operations?: Partial<Operations>; log?: Logger; database?: Database; contentLimit?: number } = {},
): Promise<ServerWorld> {
  const database = options.database ?? (await openEmbedded());
  const inventory = inventoryOn(database);
  await inventory.registerBuiltinTypes([SERVICE, DAEMON]);
  const tokens = createTokens({ database });
  const secrets = {} as Record<TokenRole, string>;
  for (const role of ROLES) secrets[role] = (await tokens.create("test", { name: `a-${role}`, role })).token;
  const calls: Call[] = [];
  const { content, directory: contentDirectory } = await contentOn(database, options.contentLimit);
  const app = createServerApp({
    operations: fakeOperations(calls, options.operations ?? {}),
    inventory,
    content,
    tokens,
    database,
    log: options.log ?? pino({ level: "silent" }),
    metrics: { text: async () => ({ contentType: "text/plain", text: "" }) },
    version: "1.2.3",
  });
  onTestFinished(() => app.close());
  return {
    app,
    content,
    contentDirectory,
    database,
    inventory,
    tokens,
    secrets,
    calls,
    async ask(method, url, { as = "admin", body, headers = {} } = {}) {
      const answer = await app.inject({
        ...(method === undefined ? {} : { method }),
        url,
        headers: {
          authorization: `Bearer ${secrets[as]}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      // An answer to HEAD has the headers alone.
      const isJson = answer.payload !== "" && (answer.headers["content-type"] ?? "").includes("json");
      return {
        status: answer.statusCode,
        body: isJson ? (JSON.parse(answer.payload) as unknown) : undefined,
        text: answer.payload,
        headers: answer.headers,
      };
    },
  };
}

export async function contentOn(database: Database, limit?: number) {
  const directory = await mkdtemp(join(tmpdir(), "wilco-content-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return {
    content: createContentStore({ database, bytes: await openContentBytes(database, { directory }), limit }),
    directory,
  };
}

/** Answers every call with its own name and remembers it. */
function fakeOperations(calls: Call[], own: Partial<Operations>): Operations {
  return new Proxy(own as Operations, {
    get(target, method: keyof Operations) {
      return async (...args: unknown[]) => {
        calls.push({ method, args });
        const given = target[method] as ((...args: unknown[]) => unknown) | undefined;
        return given ? given(...args) : { called: method };
      };
    },
  });
}

async function openEmbedded(): Promise<Database> {
  const dataDir = await mkdtemp(join(tmpdir(), "wilco-server-"));
  const database = await openDatabase({ dataDir });
  // Hooks run in reverse order: the app, registered later, closes first.
  onTestFinished(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return database;
}
