/** The HTTP server: routes, who may call them, what a request may look like, and how it stops. */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Tokens } from "../access/tokens.ts";
import type { ContentStore } from "../content/store.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { Operations } from "../operations/contract.ts";
import type { Me } from "../protocol/messages.ts";
import { LIMITS } from "../protocol/schema-parts.ts";
import { createAuthorize } from "./authorize.ts";
import { watchBodies } from "./body-timeout.ts";
import { watchConnections } from "./close-connections.ts";
import { asWilcoError, createErrorHandler, handThrough, invalid, parseJsonBody } from "./errors.ts";
import { createRequestLog } from "./request-log.ts";
import type { Route } from "./route.ts";
import { accessRoutes } from "./routes/access.ts";
import { contentRoutes } from "./routes/content.ts";
import { configurationRoutes } from "./routes/configuration.ts";
import { deploymentRoutes } from "./routes/deployments.ts";
import { discoveryRoutes } from "./routes/discoveries.ts";
import { entryRoutes } from "./routes/entries.ts";
import { healthRoutes } from "./routes/health.ts";
import { observationRoutes } from "./routes/observations.ts";
import { inventoryRoutes } from "./routes/inventory.ts";
import { queueRoutes } from "./routes/queue.ts";
import { scriptRoutes } from "./routes/scripts.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { settingRoutes } from "./routes/settings.ts";
import { workerRoutes } from "./routes/workers.ts";
import { createUnknownPath } from "./unknown-path.ts";
import { createValidatorCompiler, explainInvalid } from "./validation.ts";

export interface ServerAppOptions {
  operations: Operations;
  inventory: Inventory;
  content: ContentStore;
  tokens: Tokens;
  /** Only asked whether it answers, and which engine it is. */
  database: {
    readonly dialect: { readonly engine: Me["server"]["engine"] };
    transaction(work: (tx: { now(): number }) => Promise<number>): Promise<number>;
  };
  log: Logger;
  /** For Prometheus. */
  metrics: { text(): Promise<{ contentType: string; text: string }> };
  /** Of wilco. */
  version: string;
  /** Aborted when the server is to end and only waits for what runs: it is not ready from then on. Default: never. */
  leaving?: AbortSignal;
  /** PEM texts; with them it speaks HTTPS only. */
  tls?: { cert: string; key: string } | undefined;
}

/** Three bytes a character of an encoded name, and some room. */
const MAX_PARAM = 1_024;

/**
 * The app, not yet listening: `inject` works at once, `startListening` opens the socket. `app.close()` answers held
 * requests (through `operations.stop()`), refuses new ones, and resolves when nothing is open any more.
 */
export function createServerApp(options: ServerAppOptions): FastifyInstance {
  const { operations, inventory, content, tokens, database, log, version } = options;
  const stopping = new AbortController();
  const app = Fastify({
    // Fastify's own logger makes a child for each request; what we log is less and costs nothing when it is off.
    logger: false,
    bodyLimit: LIMITS.body,
    // Content may take hours on a slow line. Headers have a limit of Node's, other bodies one of ours.
    requestTimeout: 0,
    requestIdHeader: false,
    // It would also end a stop that waits longer than 10 s for the database.
    pluginTimeout: 0,
    // What arrives while held requests are answered is still answered, on a connection that then closes.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM },
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const known = asWilcoError(error) ?? invalid("The URL can't be read", "Check the path.", error);
      void reply.code(known.status).send(known.toBody());
    },
    clientErrorHandler: answerMalformed,
    ...(options.tls ? { https: options.tls } : {}),
  }) as unknown as FastifyInstance;

  const connections = watchConnections(app);
  app.setValidatorCompiler(createValidatorCompiler());
  app.setSchemaErrorFormatter(explainInvalid);
  app.setErrorHandler(createErrorHandler(log));
  app.removeAllContentTypeParsers();
  const bodies = watchBodies(app);
  app.addContentTypeParser("application/json", { parseAs: "string" }, ((request: FastifyRequest, ...more: never[]) => {
    bodies.received(request.raw);
    parseJsonBody(request, ...(more as unknown as [string, () => void]));
  }) as never);
  app.addContentTypeParser("application/octet-stream", handThrough);
  app.decorateRequest("principal", null as never);

  const authorize = createAuthorize(tokens);
  app.addHook("onRequest", (request, reply, done) => {
    // PostgreSQL refuses NUL in any text; names and cursors come from the URL.
    if (request.url.includes("%00")) return done(invalid("The URL has a NUL character in it", "Leave out %00."));
    authorize(request, reply, done);
  });
  createRequestLog(app, log);

  const server: Me["server"] = { version, engine: database.dialect.engine, startedAt: new Date().toISOString() };
  const routes: Route[] = [
    ...healthRoutes({
      ask: () => database.transaction(async (tx) => tx.now()),
      stopping: options.leaving ? AbortSignal.any([stopping.signal, options.leaving]) : stopping.signal,
      routes: () => routes,
      metrics: () => options.metrics.text(),
      version,
    }),
    ...entryRoutes({ operations, stopping: stopping.signal }),
    ...scriptRoutes({ operations }),
    ...contentRoutes({ content }),
    ...inventoryRoutes({ inventory }),
    ...deploymentRoutes({ operations }),
    ...observationRoutes({ inventory }),
    ...discoveryRoutes({ inventory }),
    ...queueRoutes({ operations }),
    ...settingRoutes({ operations }),
    ...secretRoutes(inventory),
    ...configurationRoutes(inventory),
    ...workerRoutes({ operations, inventory, content, version }),
    ...accessRoutes({ tokens, server }),
  ];
  for (const route of routes) addRoute(app, route);
  const unknownPath = createUnknownPath(routes);
  app.setNotFoundHandler((request) => {
    throw unknownPath(request.method, request.url);
  });

  app.addHook("preClose", async () => {
    stopping.abort();
    await operations.stop();
    connections.close(log);
  });
  return app;
}

function addRoute(app: FastifyInstance, route: Route): void {
  const schema = {
    ...(route.body ? { body: route.body } : {}),
    ...(route.query ? { querystring: route.query } : {}),
    ...(route.params ? { params: route.params } : {}),
  };
  app.route({
    method: route.method,
    url: route.path,
    schema,
    config: { access: route.access, streams: route.streams ?? false },
    exposeHeadRoute: false,
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    preValidation: beforeValidation(route),
    handler: (request, reply) => route.handle(request as never, reply),
  });
}

function beforeValidation({ bodyOptional, beforeBody }: Route) {
  if (!bodyOptional && !beforeBody) return [];
  return [
    (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void) => {
      if (bodyOptional) request.body ??= {};
      try {
        beforeBody?.(request.body);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  ];
}

/** Bytes that are no HTTP request never become one, so they are answered on the socket. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "The headers are too large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "The request did not arrive in time"]
        : ["400 Bad Request", "This is not an HTTP request"];
  const body = JSON.stringify({
    code: "invalid_request",
    message,
    hint: "Check the client, and whether the server speaks HTTPS.",
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
