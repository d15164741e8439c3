/** The processes of a drill and the network between them: servers, workers and a database, each of which can fail. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createTokens } from "../../src/access/tokens.ts";
import { createApi, type Api } from "../../src/client/api.ts";
import { createTransport } from "../../src/client/transport.ts";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { startPostgres, type ThrowAwayPostgres } from "../postgres.ts";
import { createPiece, type Piece } from "./process.ts";
import { createProxy, type Proxy } from "./proxy.ts";
import type { Random } from "./random.ts";

export interface WorldOptions {
  engine: "sqlite" | "postgres";
  /** `wilco` as a file for Node. */
  cli: string;
  /** One with the embedded engine. */
  servers: number;
  workers: number;
  /** ms. */
  lease: number;
  lostAfter: number;
  random: Random;
  onFault: (what: string) => void;
}

export interface DrillWorld {
  /** Start, the proxy before it follows its port. */
  servers: Array<{ piece: Piece; proxy: Proxy; start(): Promise<void> }>;
  workers: Piece[];
  /** Undefined with the embedded engine, which dies with its server. */
  postgres: ThrowAwayPostgres | undefined;
  /** Between the servers and PostgreSQL. */
  databaseProxy: Proxy | undefined;
  /** Of clients that know all servers. */
  api: Api;
  journal: string;
  folder: string;
  /** After the servers have stopped. */
  openDatabase(): Promise<Database>;
  /** Kills what still runs. The folder stays when it is to be looked at. */
  close(keepFolder: boolean): Promise<void>;
}

const HERE = fileURLToPath(new URL("./", import.meta.url));
/** Far beyond what a lease bears, in both directions. */
const SKEWS = [0, 3_600_000, -3_600_000, 86_400_000];
/** On a busy machine a server may be away for most of the time. */
const PATIENCE = 600_000;

export async function createDrillWorld(options: WorldOptions): Promise<DrillWorld> {
  const folder = await mkdtemp(join(tmpdir(), "wilco-drill-"));
  const journal = join(folder, "journal");
  await mkdir(journal);
  const closing: Array<() => Promise<unknown>> = [];
  const close = async (keepFolder: boolean) => {
    for (const step of closing.toReversed()) await step();
    if (!keepFolder) await rm(folder, { recursive: true, force: true });
  };
  try {
    const { postgres, url, proxy: databaseProxy, directUrl } = await startDatabase(options.engine, closing);
    const env: Record<string, string> = { WILCO_SECRET_KEY: Buffer.alloc(32, 7).toString("base64") };
    const servers = await Promise.all(
      Array.from({ length: options.servers }, async (_, index) => {
        const place = ["--data-dir", join(folder, `server-${index + 1}`), ...(url ? ["--database-url", url] : [])];
        return startServer(`server-${index + 1}`, place, env, folder, options, closing);
      }),
    );
    const urls = servers.map(({ proxy }) => `http://127.0.0.1:${proxy.port}`).join(",");
    const admin = directUrl
      ? await bootstrap(directUrl)
      : (await readFile(join(folder, "server-1", "admin.token"), "utf8")).trim();
    // Nothing goes wrong yet: an answer that is late is one of a busy machine.
    const preparing = createTransport({ url: urls, token: admin, retryTime: PATIENCE, attemptTimeout: PATIENCE });
    const { token } = await createApi(preparing).createToken({ name: "drill-worker", role: "worker" });
    preparing.close();
    const transport = createTransport({ url: urls, token: admin, retryTime: PATIENCE, attemptTimeout: 5_000 });
    closing.push(async () => transport.close());
    const api = createApi(transport);
    const workers = await Promise.all(
      Array.from({ length: options.workers }, (_, index) =>
        startWorker(index, { urls, token, journal, folder }, options, closing),
      ),
    );
    return {
      servers,
      workers,
      postgres,
      databaseProxy,
      api,
      journal,
      folder,
      openDatabase: () => openDatabase(directUrl ? { url: directUrl } : { dataDir: join(folder, "server-1") }),
      close,
    };
  } catch (error) {
    await close(false);
    throw error;
  }
}

interface DrillDatabase {
  postgres?: ThrowAwayPostgres;
  proxy?: Proxy;
  /** By way of the proxy. */
  url?: string;
  directUrl?: string;
}

async function startDatabase(
  engine: WorldOptions["engine"],
  closing: Array<() => Promise<unknown>>,
): Promise<DrillDatabase> {
  if (engine === "sqlite") return {};
  // What is written survives a kill of the server, as what is asked for here is not a power cut.
  const postgres = await startPostgres({ settings: { synchronous_commit: "on" } });
  closing.push(() => postgres.stop());
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query("CREATE DATABASE drill");
  await admin.end();
  const direct = new URL(postgres.url);
  direct.pathname = "/drill";
  const proxy = await createProxy(Number(direct.port));
  closing.push(() => proxy.close());
  const url = new URL(direct);
  url.port = String(proxy.port);
  return { postgres, proxy, url: url.href, directUrl: direct.href };
}

async function bootstrap(url: string): Promise<string> {
  const database = await openDatabase({ url });
  const { token } = await createTokens({ database }).bootstrap("drill");
  await database.close();
  return token;
}

async function startServer(
  name: string,
  place: string[],
  env: Record<string, string>,
  folder: string,
  { cli, lease, lostAfter, onFault }: WorldOptions,
  closing: Array<() => Promise<unknown>>,
) {
  const piece = createPiece({
    name,
    args: [
      cli,
      "server",
      "--no-worker",
      "--port",
      "0",
      ...place,
      "--lease",
      `${lease}ms`,
      "--lost-after",
      `${lostAfter}ms`,
    ],
    env,
    ready: /^http:\/\/127\.0\.0\.1:(\d+)$/,
    logFile: join(folder, `${name}.log`),
    onFault,
  });
  const proxy = await createProxy(1);
  closing.push(
    () => proxy.close(),
    () => piece.kill(),
  );
  const start = async () => {
    const port = (await piece.start())?.[1];
    if (port !== undefined) proxy.target(Number(port));
  };
  await start();
  return { piece, proxy, start };
}

async function startWorker(
  index: number,
  { urls, token, journal, folder }: { urls: string; token: string; journal: string; folder: string },
  { cli, random, onFault }: WorldOptions,
  closing: Array<() => Promise<unknown>>,
): Promise<Piece> {
  const name = `worker-${index + 1}`;
  // Each asks another server first.
  const list = urls.split(",");
  const rotated = list.map((_, at) => list[(at + index) % list.length]).join(",");
  const piece = createPiece({
    name,
    args: ["--import", join(HERE, "skew.mjs"), cli, "worker", "--name", name, "--server", rotated].concat([
      "--types",
      join(HERE, "types"),
      "--state-dir",
      join(folder, name),
      "--slots",
      "16",
    ]),
    env: {
      WILCO_TOKEN: token,
      WILCO_DRILL_SKEW: String(index === 0 ? 0 : random.pick(SKEWS)),
      DRILL_JOURNAL: join(journal, name),
    },
    ready: /Worker \S+ is ready/,
    logFile: join(folder, `${name}.log`),
    onFault,
  });
  closing.push(() => piece.kill());
  await piece.start();
  return piece;
}
