/** `postgres`: a database of a PostgreSQL server. What it does, and `pg`, is loaded with the first call. */
import { checkResult, COUNT, described, FLAG, NUMBER, orNull, resultOf, TEXT } from "../results.ts";
import { defineResourceType, parametersOf, type OperationContext } from "../sdk.ts";

const load = () => import("./operations.ts");
const run = (operation: keyof Awaited<ReturnType<typeof load>>) => async (context: OperationContext) =>
  (await load())[operation](context);

const LOOKS = { exclusive: false, onLost: "requeue", timeout: "30s" } as const;
const MS = described(NUMBER, "ms");
const BYTES = described(NUMBER, "bytes");

export const postgresType = defineResourceType({
  name: "postgres",
  description: "A database of a PostgreSQL server, as the worker reaches it.",
  runsOn: "bound",
  builtin: true,
  checkEvery: "1m",
  connection: parametersOf({
    host: { type: "string", minLength: 1, default: "127.0.0.1", description: "or the directory of its unix socket" },
    port: { type: "integer", minimum: 1, maximum: 65_535, default: 5_432 },
    database: { type: "string", minLength: 1, default: "postgres" },
    user: { type: "string", minLength: 1, default: "postgres" },
    password: { type: "string", secret: true },
    tls: { enum: ["off", "require", "verify"], default: "off", description: "verify: its certificate too" },
    pgDump: { type: "string", minLength: 1, default: "pg_dump", description: "the program, on the worker" },
  }),
  metrics: {
    connections: {},
    maxConnections: {},
    size: { unit: "bytes" },
    commits: { description: "since the statistics were reset" },
    rollbacks: { description: "since the statistics were reset" },
    deadlocks: { description: "since the statistics were reset" },
    temporaryBytes: { unit: "bytes", description: "since the statistics were reset" },
    cacheHits: { unit: "%" },
    longestTransaction: { unit: "ms" },
  },
  operations: {
    activity: {
      description: "The sessions, what they do, what they wait for and who blocks them.",
      parameters: parametersOf({
        state: { enum: ["active", "idle", "idle in transaction", "idle in transaction (aborted)"] },
        longerThan: {
          type: "number",
          minimum: 0,
          default: 0,
          unit: "s",
          description: "only queries that take so long",
        },
      }),
      ...LOOKS,
      result: resultOf({
        sessions: {
          type: "array",
          items: resultOf({
            pid: COUNT,
            user: orNull(TEXT),
            database: orNull(TEXT),
            application: TEXT,
            client: orNull(TEXT),
            state: orNull(TEXT),
            since: orNull(MS),
            queryFor: orNull(MS),
            transactionFor: orNull(MS),
            waitsFor: orNull(TEXT),
            blockedBy: { type: "array", items: COUNT },
            query: TEXT,
          }),
        },
      }),
      handler: run("activity"),
    },
    terminate: {
      description: "End a session, or only the query that it runs.",
      parameters: parametersOf(
        {
          pid: { type: "integer", minimum: 1 },
          user: { type: "string", description: "only if it is this user's" },
          queryOnly: { type: "boolean", default: false },
        },
        ["pid"],
      ),
      exclusive: false,
      timeout: "30s",
      result: resultOf({ pid: COUNT, user: orNull(TEXT), application: TEXT, queryOnly: FLAG }),
      handler: run("terminate"),
    },
    vacuum: {
      description: "Take back the space of dead rows, of one table or all.",
      parameters: parametersOf({
        table: { type: "string", minLength: 1, description: "default: all of the database" },
        analyze: { type: "boolean", default: true, description: "bring the planner's statistics up to date" },
        full: { type: "boolean", default: false, description: "write it anew; locks the table meanwhile" },
      }),
      onLost: "requeue",
      timeout: "6h",
      result: resultOf({ table: orNull(TEXT), before: orNull(BYTES), after: orNull(BYTES), took: MS }),
      handler: run("vacuum"),
    },
    backup: {
      description: "pg_dump into a file of the worker: whole or not at all.",
      parameters: parametersOf(
        {
          path: { type: "string", pattern: "^/", description: "of the file" },
          format: { enum: ["custom", "plain", "tar"], default: "custom", description: "custom: for pg_restore" },
          schemaOnly: { type: "boolean", default: false },
          overwrite: { type: "boolean", default: false },
          parents: { type: "boolean", default: false, description: "make the directories above it" },
        },
        ["path"],
      ),
      // Repeated, it would find the file of the try before it, and not know whose that is.
      timeout: "12h",
      result: resultOf({ path: TEXT, bytes: COUNT, sha256: TEXT, format: TEXT, took: MS }),
      handler: async (context) => (await import("./backup.ts")).backup(context),
    },
    metrics: {
      description: "Connections, size, transactions, how much came from the cache.",
      ...LOOKS,
      result: resultOf({
        connections: COUNT,
        maxConnections: COUNT,
        size: BYTES,
        commits: NUMBER,
        rollbacks: NUMBER,
        deadlocks: NUMBER,
        temporaryBytes: BYTES,
        cacheHits: NUMBER,
        longestTransaction: MS,
      }),
      handler: run("metrics"),
    },
    check: {
      description: "Up when it lets the user in and answers.",
      ...LOOKS,
      result: checkResult({ version: TEXT, replica: FLAG, latency: MS }),
      handler: run("check"),
    },
  },
});
