/** The servers of the outcome table, on one engine: one that stays, and one without a worker that cases may kill. */
import { join } from "node:path";
import type { Engine } from "../../support/engines.ts";
import { createTestDatabase } from "../../support/engines.ts";
import { CLI_FILE } from "../../support/cli.ts";
import { spawnProcess, type StartOptions } from "../../support/processes.ts";
import { emptyWorld, freePorts } from "../world.ts";
import type { CaseWorld, Frail } from "./case.ts";

const TYPES = (dir: string) => `
types:
  work:
    operations:
      good: { exclusive: false, run: [echo, fine] }
      bad: { exclusive: false, run: [sh, -c, 'echo almost; exit 3'] }
      killed: { exclusive: false, run: [sh, -c, 'kill -9 $$'] }
      hangs: { exclusive: false, timeout: 200ms, run: [sleep, "60"] }
      slow: { exclusive: false, run: [sh, -c, 'echo begun; exec sleep 60'] }
      patient: { exclusive: false, run: [sh, -c, 'echo begun; until test -e "$1"; do sleep 0.05; done; echo done', sh, "${dir}/go-on"] }
      picky: { exclusive: false, run: [sh, -c, 'test "$1" = one', sh, "{{resource.name}}"] }
resources:
  job: { type: work }
  far: { type: work, zone: nowhere }
  one: { type: work, labels: { tier: all } }
  two: { type: work, labels: { tier: all } }
`;

const CODED = `import { defineResourceType } from "wilco";
const exclusive = false;
export default defineResourceType({
  name: "coded",
  operations: {
    throws: { exclusive, handler: () => { throw new Error("the handler's own words"); } },
    exits: { exclusive, handler: () => process.exit(7) },
    circular: { exclusive, handler: () => { const all = {}; all.all = all; return all; } },
  },
});
`;

export type OutcomeWorld = Awaited<ReturnType<typeof outcomeWorld>>;

export async function outcomeWorld(engine: Engine) {
  const world = emptyWorld();
  const cleanups: Array<() => Promise<unknown>> = [() => world.stop()];
  const spawn = (args: readonly string[], options: StartOptions = {}) =>
    spawnProcess(process.execPath, [CLI_FILE, ...args], {
      cwd: world.dir,
      ...options,
      env: { ...world.env, ...options.env },
    });

  /** A server process on a database of its own; started again, it is on the same port. */
  async function place(name: string, port: number, args: readonly string[]) {
    const dataDir = join(world.dir, name);
    const env: Record<string, string | undefined> = { WILCO_DATA_DIR: dataDir };
    const database = engine === "postgres" ? await createTestDatabase("postgres") : undefined;
    if (database?.engine === "postgres") {
      cleanups.push(() => database.cleanup());
      env["WILCO_DATABASE_URL"] = database.url;
      env["WILCO_SECRET_KEY"] = Buffer.alloc(32, 7).toString("base64");
      const root = await spawn(["tokens", "bootstrap", "root"], { env }).ended;
      env["WILCO_TOKEN"] = root.stdout.trim();
    }
    const start = async () => {
      const server = spawn(["server", "--port", String(port), ...args], { env });
      cleanups.push(() => server.stop());
      const [url] = await server.line(/^http:\/\/127\.0\.0\.1:\d+$/);
      return { server, url };
    };
    const started = await start();
    env["WILCO_SERVER"] = started.url;
    if (engine === "sqlite") {
      // Away from the server, as a pipeline is: the address and a token of its own.
      const made = await spawn(["tokens", "create", "ci", "--role", "admin", "--quiet"], {
        env: { WILCO_DATA_DIR: dataDir },
      }).ended;
      env["WILCO_TOKEN"] = made.stdout.trim();
    }
    const applied = await spawn(["apply", "-"], { env, input: TYPES(world.dir) }).ended;
    if (applied.code !== 0) throw new Error(`The inventory was not applied: ${applied.stderr}`);
    const client = { WILCO_SERVER: env["WILCO_SERVER"], WILCO_TOKEN: env["WILCO_TOKEN"] };
    return { env: client, serverEnv: env, start, ...started };
  }

  async function stop(): Promise<void> {
    for (const step of cleanups.toReversed()) await step();
  }

  try {
    world.file("coded-type.ts", CODED);
    const [stayPort, frailPort] = await freePorts(2);
    const types = join(world.dir, "types");
    const { mkdirSync, writeFileSync } = await import("node:fs");
    mkdirSync(types);
    writeFileSync(join(types, "coded.ts"), CODED);
    const stay = await place("stay", stayPort!, ["--types", types]);
    const coded = await spawn(["apply", "-"], { env: stay.env, input: "resources: { coded: { type: coded } }" }).ended;
    if (coded.code !== 0) throw new Error(`The coded resource was not applied: ${coded.stderr}`);
    const made = await place("frail", frailPort!, ["--no-worker"]);
    let server = made.server;
    const workerToken = await spawn(["tokens", "create", "w", "--role", "worker", "--quiet"], { env: made.env }).ended;
    const frail: Frail = {
      env: made.env,
      async startWorker() {
        const env = { ...made.env, WILCO_TOKEN: workerToken.stdout.trim() };
        const worker = spawn(["worker", "--name", "w", "--state-dir", join(world.dir, "worker")], { env });
        cleanups.push(() => worker.stop());
        await worker.line(/ready|registered/i);
        return worker;
      },
      async kill() {
        server.kill("SIGKILL");
        await server.ended;
      },
      async restart() {
        await frail.kill();
        ({ server } = await made.start());
      },
    };
    let count = 0;

    /** For one case; call `done` after it. */
    const forCase = (): CaseWorld & { done(): Promise<void>; entries(): Promise<string> } => {
      const note = `case-${++count}`;
      const started: Array<() => Promise<void>> = [];
      let place = stay.env;
      const start: CaseWorld["start"] = (args, options) => {
        if (options?.env?.["WILCO_SERVER"] !== undefined) place = frail.env as typeof place;
        const process = spawn(args, { ...options, env: { ...stay.env, ...options?.env } });
        started.push(() => process.stop());
        return process;
      };
      const run: CaseWorld["run"] = (args, options) => start(args, options).ended;
      const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
        const answer = await fetch(`${place.WILCO_SERVER}/v1/${path}`, {
          method,
          headers: { authorization: `Bearer ${place.WILCO_TOKEN}`, "content-type": "application/json" },
          ...(body && { body: JSON.stringify(body) }),
        });
        if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
        return answer.json();
      };
      const read = async () => {
        const { items } = (await ask("GET", "entries?limit=1000")) as {
          items: Array<{ id: number; status: string; kind: string; note: string | null; parent: number | null }>;
        };
        return items.filter((entry) => entry.note === note);
      };
      const exec = (args: readonly string[]) => ["exec", ...args, "--note", note];
      return {
        note,
        url: stay.url,
        dir: world.dir,
        start,
        run,
        file: world.file,
        frail,
        exec: (args, options) => run(exec(args), options),
        async begun(args, options) {
          const command = start(exec(args), options);
          await command.line(/begun/);
          return command;
        },
        async entry() {
          const found = await read();
          return found.find(({ kind }) => kind === "request") ?? found[0]!;
        },
        script: (text, flags = [], options) => run(["run", ...flags, world.file(`${note}.ts`, text), note], options),
        async entries() {
          const works = (await read()).filter(({ kind }) => kind === "operation");
          return works
            .map(({ status }) => status)
            .toSorted()
            .join(", ");
        },
        async untilEnded(id) {
          for (let seen = 0; ;) {
            const look = { entries: [{ id, seen }], wait: 30_000, until: "end" };
            const { entries } = (await ask("POST", "entries/poll", look)) as {
              entries: Array<{ entry: { finishedAt: string | null; lastEvent: number } }>;
            };
            if (entries.some(({ entry }) => entry.finishedAt !== null)) return;
            seen = entries[0]?.entry.lastEvent ?? seen;
          }
        },
        cancel: async (id) => void (await ask("POST", `entries/${id}/cancel`, {})),
        token: async (role) => ((await ask("POST", "tokens", { name: note, role })) as { token: string }).token,
        revoke: async () => void (await ask("DELETE", `tokens/${note}`)),
        async done() {
          for (const stop of started) await stop();
        },
      };
    };
    return { forCase, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
