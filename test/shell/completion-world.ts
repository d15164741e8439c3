/** Completion on the API of a real server with an inventory of its own. */
import { onTestFinished } from "vitest";
import { createApi, type Api } from "../../src/client/api.ts";
import type { Dispatch } from "../../src/client/dispatch.ts";
import { createTransport } from "../../src/client/transport.ts";
import { injectDispatch } from "../../src/cli/composition/inject-dispatch.ts";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import type { Variable } from "../../src/sandbox/guest/value-description.ts";
import { createCompleter } from "../../src/shell/completion/completer.ts";
import { createNames, type NamesOptions } from "../../src/shell/completion/names.ts";
import type { Completion } from "../../src/shell/ports.ts";
import { openServer } from "../server/world.ts";

export interface CompletionWorld {
  /** At the place of "|", or at the end. */
  complete(line: string): Promise<Completion>;
  candidates(line: string): Promise<string[]>;
  signature(line: string): Promise<string | undefined>;
  /** Requests that reached the server, as "GET /v1/types". */
  requests: string[];
}

export interface CompletionWorldOptions extends Partial<Omit<NamesOptions, "api">> {
  variables?: Variable[];
  /** Around the way to the server. */
  dispatch?: (next: Dispatch) => Dispatch;
  columns?: number;
  /** ms; by default as long as it takes. */
  bound?: number;
}

export const INVENTORY: InventoryDocument = {
  types: {
    process: {
      operations: {
        restart: {
          description: "Stops the process and starts it again.",
          timeout: "1m",
          parameters: {
            type: "object",
            properties: {
              graceful: { type: "boolean", default: true, description: "Ask it to stop before it is killed." },
              signal: { enum: ["TERM", "KILL"], description: "What is sent." },
              nodes: { type: "array", items: { enum: ["a", "b"] } },
              limits: { type: "object", properties: { cpu: { type: "integer" }, memory: { type: "string" } } },
            },
            required: ["signal"],
            additionalProperties: false,
          },
          result: { type: "object", properties: { pid: { type: "integer" }, host: { type: "string" } } },
          run: ["true"],
        },
        status: { run: ["true"] },
        stop: { run: ["true"] },
      },
    },
    site: {
      configuration: {
        type: "object",
        properties: {
          port: { type: "integer" },
          tls: { type: "object", properties: { cert: { type: "string" } } },
        },
      },
      operations: { check: { run: ["true"] }, status: { run: ["true"] } },
    },
  },
  resources: {
    "web-1": { type: "process", zone: "eu", labels: { tier: "web" } },
    "web-2": { type: "process", zone: "us", labels: { tier: "web" } },
    "db-1": { type: "process", zone: "eu", labels: { tier: "db", type: "sql" } },
    shop: { type: "site", zone: "eu" },
  },
  groups: { front: { members: ["web-1", "shop"] } },
};

export async function completionWorld(
  options: CompletionWorldOptions = {},
  inventory: InventoryDocument = INVENTORY,
): Promise<CompletionWorld> {
  const { variables = [], dispatch = (next: Dispatch) => next, columns = 80, bound = 20_000, ...names } = options;
  const server = await openServer();
  await server.inventory.apply(inventory);
  const requests: string[] = [];
  const counted: Dispatch = (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return injectDispatch(server.app)(request);
  };
  const transport = createTransport({
    url: "http://completion.test",
    token: server.secrets.viewer,
    dispatch: dispatch(counted),
    retryTime: 0,
  });
  onTestFinished(() => transport.close());
  const api: Api = createApi(transport);
  const known = createNames({ api, ...names });
  // The first Tab may come before everything is read; the tests of that have their own way to the server.
  if (!options.dispatch) await known.refresh();
  const completer = createCompleter({
    names: known,
    variables: () => variables,
    commands: ["help", "exit", "editor"],
    columns: () => columns,
    bound,
  });
  const complete = (line: string): Promise<Completion> => {
    const at = line.indexOf("|");
    return at < 0
      ? completer.complete(line, line.length)
      : completer.complete(line.slice(0, at) + line.slice(at + 1), at);
  };
  return {
    complete,
    candidates: async (line) => (await complete(line)).candidates,
    signature: async (line) => (await complete(line)).signature,
    requests,
  };
}
