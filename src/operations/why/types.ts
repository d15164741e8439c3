/** Types whose handlers are the workers' own: only a worker that brought the version that the server has can run them. */
import type { Why } from "../../domain/why.ts";
import { typesOutOfReach } from "../../queue/eligibility.ts";
import { listing, why, type Look, type LookedAt } from "./look.ts";
import type { RouteWorker } from "./workers.ts";

/** Those of the workers that can run the entry's type. */
export async function withHandlers(
  look: Look,
  entry: LookedAt,
  workers: readonly RouteWorker[],
): Promise<RouteWorker[]> {
  if (entry.resource_type === null) return [...workers];
  const rows = await look.sql.query<{ session: string }>(
    `SELECT session FROM worker WHERE ${look.sql.dialect.inTexts("session", "$1")} AND $2 NOT IN (${typesOutOfReach("worker.session")})`,
    [JSON.stringify(workers.map(({ row }) => row.session)), entry.resource_type],
  );
  const able = new Set(rows.map((row) => row.session));
  return workers.filter(({ row }) => able.has(row.session));
}

/** Live workers serve the route, and none of them can run the type as the server has it. */
export async function whyTooOld(look: Look, entry: LookedAt, workers: readonly RouteWorker[]): Promise<Why> {
  const type = entry.resource_type!;
  const brought = await look.sql.query<{ session: string; version: string }>(
    `SELECT session, version FROM worker_type WHERE type = $1 AND ${look.sql.dialect.inTexts("session", "$2")}`,
    [type, JSON.stringify(workers.map(({ row }) => row.session))],
  );
  const [stored] = await look.sql.query<{ version: string }>("SELECT version FROM resource_type WHERE name = $1", [
    type,
  ]);
  const versions = new Map(brought.map((one) => [one.session, one.version]));
  const shown = workers.map(({ row }) => {
    const version = versions.get(row.session);
    return version === undefined
      ? `${row.name} has no handlers for it`
      : `${row.name} has the version ${version.slice(0, 12)}`;
  });
  return why(
    entry,
    "worker_too_old",
    `No live worker of ${entry.route} can run the type ${type} as the server has it (version ${stored?.version.slice(0, 12)}): ${listing(shown)}`,
    {
      hint: "Give the worker the present files of the type (--types DIR), and let it load them: it is too old for what the server knows.",
      commands: workers.slice(0, 3).map(({ row }) => `wilco workers reload ${row.name}`),
      details: { type, version: stored?.version ?? null, workers: workers.map(({ row }) => row.name) },
    },
  );
}
