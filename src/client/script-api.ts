/** What a script gets: `resource`, `resources`, `group`, `history`. The same for Node programs, where look-ups are promises. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { parseSelector, selectorOfQuery, type SelectorQuery } from "../domain/selector.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import { createGroups, type GroupProxy } from "./group-proxy.ts";
import { createHistory, type History } from "./history.ts";
import { whenLooked, type ClientPort, type LookupPort } from "./port.ts";
import type { ResourceList } from "./resource-list.ts";
import type { Found, LookMode, ResourceProxy } from "./resource-members.ts";
import { createResourceProxies } from "./resource-proxy.ts";
import { createResourceTypeCache } from "./resource-type-cache.ts";

export interface ScriptApi<M extends LookMode = "promised"> {
  /** @throws WilcoError `unknown_resource`. */
  resource(idOrName: string | number): Found<M, ResourceProxy<M>>;
  /**
   * Every resource that a selector ("web-*,tier=web") or a query ({ type: "process", labels: { tier: "web" } }) selects;
   * all of them without one. Nothing found is an empty array.
   * @throws WilcoError `invalid_selector`.
   */
  resources(selector?: string | SelectorQuery): Found<M, ResourceList<ResourceProxy<M>>>;
  /**
   * A group, whose operations are one request with a task for each member.
   * @throws WilcoError `unknown_group` with the nearest name.
   */
  group(name: string): Found<M, GroupProxy<M>>;
  /** The value of a stored secret. @throws WilcoError `unknown_secret`, `forbidden`. */
  secret(name: string): Found<M, string>;
  readonly history: History;
}

export interface ScriptApiOptions {
  port: ClientPort;
  lookup: LookupPort;
  /** Told of every execution that is started. Default: nobody is. */
  tracker?: ExecutionTracker;
  /** ms; only differences count. Default Date.now. */
  now?: () => number;
}

const QUERY_KEYS = ["name", "type", "zone", "group", "worker", "labels"] as const satisfies ReadonlyArray<
  keyof SelectorQuery
>;

/** Type descriptors are read once: an api that lives longer than its types should be made anew. */
export function createScriptApi<M extends LookMode = "promised">(options: ScriptApiOptions): ScriptApi<M> {
  const { port, lookup, tracker, now = Date.now } = options;
  const types = createResourceTypeCache(lookup);
  const proxies = createResourceProxies({ port, lookup, types, tracker, now });
  const api = {
    resource(idOrName: unknown) {
      const valid = typeof idOrName === "string" ? idOrName !== "" : Number.isSafeInteger(idOrName);
      if (!valid) {
        throw new WilcoError({
          code: "invalid_request",
          message: `resource() needs a name or an id, not ${idOrName === "" ? "an empty text" : typeof idOrName}`,
          hint: 'Write resource("web-1").',
        });
      }
      return whenLooked(lookup.resource(idOrName as string | number), proxies.one);
    },
    resources: (selector?: unknown) => whenLooked(lookup.resources(selectorText(selector)), proxies.list),
    group: createGroups({ port, lookup, types, proxies, tracker }),
    secret: (name: string) => lookup.secret(name),
    history: createHistory(port),
  };
  // The mode is the LookupPort's doing: direct values in, direct values out.
  return Object.freeze(api) as unknown as ScriptApi<M>;
}

function selectorText(selector: unknown): string {
  if (selector === undefined) return "";
  if (typeof selector === "string") {
    parseSelector(selector);
    return selector;
  }
  if (typeof selector !== "object" || selector === null || Array.isArray(selector)) {
    throw invalid(
      "A selector is a text or an object",
      'Write "web-*,tier=web" or { type: "process", labels: { tier: "web" } }.',
    );
  }
  for (const [key, value] of Object.entries(selector)) {
    if (!(QUERY_KEYS as readonly string[]).includes(key)) {
      const known = suggestion(key, QUERY_KEYS, "It takes") ?? "";
      const end = known.endsWith("?") ? "" : ".";
      const label = typeof value === "string" ? ` A label is written { labels: { ${key}: … } }.` : "";
      throw invalid(`A resource query has no "${key}"`, `${known}${end}${label}`);
    }
    if (key === "labels" && typeof value === "object" && value !== null) {
      for (const [label, text] of Object.entries(value)) requireTerm(`labels.${label}`, text);
    } else if (key === "name") {
      for (const name of [value].flat()) requireTerm(key, name, "=");
    } else requireTerm(key, value);
  }
  const text = selectorOfQuery(selector);
  parseSelector(text);
  return text;
}

/** The text form has no quoting: a value with a comma would become two terms, and select something else. */
function requireTerm(key: string, value: unknown, also = ""): void {
  if (value === undefined) return;
  if (typeof value === "string" && value !== "" && ![",", ...also].some((sign) => value.includes(sign))) return;
  throw invalid(
    `${key} of a resource query is ${JSON.stringify(value)}`,
    also === "" ? "Write a text without a comma." : 'Write names or globs, one text each: ["web-1", "db-*"].',
  );
}

function invalid(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_selector", message, hint });
}
