/** One line a request at level debug, with the entries it is about. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "pino";

/** Entry ids in one line; a batch of thousands is told by its first. */
const SHOWN = 10;

/** At other levels there is no hook, so that thousands of in-process calls a second pay nothing. */
export function createRequestLog(app: FastifyInstance, log: Logger): void {
  if (!log.isLevelEnabled("debug")) return;
  app.addHook("onResponse", (request, reply, done) => {
    const entries = entriesOf(request);
    log.debug(
      {
        request: request.id,
        method: request.method,
        path: request.routeOptions.url ?? request.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(request.principal ? { token: request.principal.name } : {}),
        ...(entries.length === 1 ? { entry: entries[0] } : entries.length > 1 ? { entries } : {}),
      },
      "request",
    );
    done();
  });
}

function entriesOf(request: FastifyRequest): number[] {
  const { id } = (request.params ?? {}) as { id?: unknown };
  if (typeof id === "number") return [id];
  const body = (request.body ?? {}) as Record<string, unknown>;
  const items = [body["finishes"], body["reports"], body["entries"]].find(Array.isArray) ?? [];
  return items.slice(0, SHOWN).flatMap((item: { entry?: unknown; id?: unknown }) => {
    const entry = item?.entry ?? item?.id;
    return typeof entry === "number" ? [entry] : [];
  });
}
