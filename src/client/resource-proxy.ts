/**
 * The object behind `resource("web-1")`: plain data, the operations of its type as methods, and an error for every other
 * name. It is never thenable, so `await proxy` is the proxy.
 *
 * Chain: instance (data) → its type's methods → the methods of every resource → unknown names → Object.prototype.
 */
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Entry } from "../domain/entry.ts";
import { layerPollPolicies, parsePollPolicy } from "../domain/poll-policy.ts";
import type { Resource } from "../domain/resource.ts";
import { mergeCallOptions, NO_OPTIONS, parseCallOptions, type NormalisedOptions } from "./call-options.ts";
import { captureCallSite, type CallSite } from "./call-site.ts";
import { entryList, type EntryList } from "./entry-list.ts";
import { startExecution, type Execution } from "./execution.ts";
import { fileOnly } from "./execution-course.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import { parseHistoryQuery } from "./history.ts";
import { metricsByName, type MetricsByName } from "./metric-history.ts";
import { parseObservationQuery } from "./observation-query.ts";
import { operationCall } from "./operation-call.ts";
import { whenLooked, type ClientPort, type Looked, type LookupPort } from "./port.ts";
import { resourceList, type ResourceList } from "./resource-list.ts";
import type { LookMode, ResourceProxy } from "./resource-members.ts";
import type { KnownOperation, KnownType, ResourceTypeCache } from "./resource-type-cache.ts";
import { parseDeploymentsQuery, rollbackCall } from "./resource-deployments.ts";
import { createResourceConfiguration, type ResourceConfiguration } from "./resource-configuration.ts";
import { createUnknownNameFallback } from "./unknown-operation.ts";
import { requireTarget, waitUntil, type WaitUntilTarget } from "./wait-until.ts";

export interface ResourceProxyContext {
  port: ClientPort;
  lookup: LookupPort;
  types: ResourceTypeCache;
  tracker: ExecutionTracker | undefined;
  /** ms; only differences count. */
  now: () => number;
}

export interface ResourceProxies {
  one(resource: Resource): Looked<AnyProxy>;
  list(resources: Resource[]): Looked<ResourceList<AnyProxy>>;
}

/** Which of the two modes it is, the LookupPort decides. */
export type AnyProxy = ResourceProxy<LookMode>;

/** What a proxy knows beyond its data. Its operations object has the same state. */
interface State {
  type: KnownType;
  resource: Resource;
  defaults: Readonly<NormalisedOptions>;
  operations?: object;
  configuration?: ResourceConfiguration;
}

const DATA = ["id", "name", "type", "zone", "worker", "labels", "parent", "availability"] as const;
/** The engine calls these by itself, when it awaits, prints or adds an object: they can't be operations' methods. */
const NEVER_OPERATIONS = ["then", "toJSON", "toString", "valueOf"];

export function createResourceProxies({ port, lookup, types, tracker, now }: ResourceProxyContext): ResourceProxies {
  const states = new WeakMap<object, State>();
  const prototypes = new WeakMap<KnownType, object>();

  const members = {
    get operations(): object {
      const state = stateOf(this, "operations");
      return (state.operations ??= operationsOf(state));
    },
    get configuration(): ResourceConfiguration {
      const state = stateOf(this, "configuration");
      return (state.configuration ??= configurationOf(state));
    },
    refresh(): Looked<AnyProxy> {
      const state = stateOf(this, "refresh");
      return whenLooked(lookup.resource(state.resource.id), (resource) => {
        state.resource = resource;
        return showData(this, resource);
      });
    },
    children(): Looked<ResourceList<AnyProxy>> {
      return whenLooked(lookup.resources("", stateOf(this, "children").resource.name), list);
    },
    child(input: unknown): Looked<AnyProxy> {
      const name = String(input);
      const { resource } = stateOf(this, "child");
      return whenLooked(lookup.resources("", resource.name), (found) => one(childNamed(name, resource, found)));
    },
    with(options: unknown): AnyProxy {
      const state = stateOf(this, "with");
      return make(state.resource, state.type, mergeCallOptions(parseDefaults(options), state.defaults));
    },
    async history(query?: unknown): Promise<EntryList> {
      const { id } = stateOf(this, "history").resource;
      return entryList(await port.entries({ ...parseHistoryQuery(query), resource: id }));
    },
    async availabilityHistory(query?: unknown): Promise<AvailabilityHistory> {
      const { id } = stateOf(this, "availabilityHistory").resource;
      return port.availabilityHistory(id, parseObservationQuery(query, ["since", "until", "limit"]));
    },
    async metricsHistory(query?: unknown): Promise<MetricsByName> {
      const { id } = stateOf(this, "metricsHistory").resource;
      return metricsByName(
        await port.metricHistory(id, parseObservationQuery(query, ["since", "until", "name", "points"])),
      );
    },
    async deployments(query?: unknown): Promise<Deployment[]> {
      const { id } = stateOf(this, "deployments").resource;
      return port.deployments(id, parseDeploymentsQuery(query));
    },
    rollback(options?: unknown): Execution {
      const { resource, type, defaults } = stateOf(this, "rollback");
      const call = rollbackCall({ port, resource, type, input: options, defaults });
      return startExecution({ ...call, port, tracker, site: captureCallSite(members.rollback) });
    },
    waitUntil(target: WaitUntilTarget<AnyProxy>, poll?: unknown): Promise<Entry> {
      const state = stateOf(this, "waitUntil");
      requireTarget(target);
      const check = checkOf(state);
      // A check that waits for a time or for other entries would not be a look.
      const { start: _start, after: _after, ...defaults } = state.defaults;
      const { resource } = state;
      const site = captureCallSite(members.waitUntil);
      return waitUntil<AnyProxy>({
        port,
        now,
        resource: this as unknown as AnyProxy,
        resourceName: resource.name,
        target,
        policy: layerPollPolicies(parsePollPolicy(poll), defaults.poll, port.pollDefaults, check.poll),
        site,
        check: () =>
          fileOnly(operationCall({ port, resource, operation: check, input: [], defaults, site, tracker: undefined })),
        observed: (availability) => {
          state.resource = { ...state.resource, availability };
          showData(this, state.resource);
        },
      });
    },
    toString(): string {
      return stateOf(this, "toString").resource.name;
    },
    // Found here, `await` and JSON.stringify do not even reach the fallback.
    then: undefined,
    toJSON: undefined,
  };
  const memberNames = [...DATA, ...Object.keys(members)].filter((name) => !NEVER_OPERATIONS.includes(name));
  const taken = new Set([...memberNames, ...NEVER_OPERATIONS, ...Object.getOwnPropertyNames(Object.prototype)]);

  const fallback = createUnknownNameFallback((receiver) => {
    const state = states.get(receiver as object);
    if (!state) return undefined;
    const suggested = state.operations === receiver ? [] : memberNames;
    return { type: state.type.name, operations: [...state.type.operations.keys()], members: suggested };
  });
  const base = Object.create(fallback) as object;
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
    Object.defineProperty(base, name, { ...property, enumerable: false });
  }
  Object.defineProperty(base, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: object): string {
      const resource = states.get(this)?.resource;
      return resource ? `Resource { ${resource.name}, ${resource.type}, ${resource.availability} }` : "Resource {}";
    },
  });

  function stateOf(value: unknown, method: string): State {
    const state = states.get(value as object);
    if (state) return state;
    throw new WilcoError({
      code: "invalid_request",
      message: `${method} was called without its resource`,
      hint: `Call it as a method: resource.${method}(); to pass it on, write () => resource.${method}().`,
    });
  }

  function prototypeOf(type: KnownType): object {
    let prototype = prototypes.get(type);
    if (!prototype) {
      prototype = Object.create(base) as object;
      for (const [name, operation] of type.operations) {
        if (taken.has(name)) continue;
        const method = function (this: unknown, ...input: unknown[]): Execution {
          return start(stateOf(this, name), operation, input, captureCallSite(method));
        };
        // As it is shown where somebody forgot to call it.
        Object.defineProperty(method, "name", { value: name });
        Object.defineProperty(prototype, name, { value: method });
      }
      prototypes.set(type, prototype);
    }
    return prototype;
  }

  function operationsOf(state: State): object {
    const methods = Object.create(fallback) as object;
    for (const [name, operation] of state.type.operations) {
      if (NEVER_OPERATIONS.includes(name)) continue;
      const method = (...input: unknown[]): Execution => start(state, operation, input, captureCallSite(method));
      Object.defineProperty(methods, name, { value: method, enumerable: true });
    }
    states.set(methods, state);
    return Object.freeze(methods);
  }

  function configurationOf(state: State): ResourceConfiguration {
    const { operations, configuration: schema } = state.type;
    return createResourceConfiguration({
      port,
      resource: () => state.resource,
      schema: schema as JsonObject | null,
      has: (operation) => operations.has(operation),
      start: (operation, input, site) => start(state, operations.get(operation)!, input, site),
    });
  }

  function start(state: State, operation: KnownOperation, input: unknown[], site: CallSite): Execution {
    const { resource, defaults } = state;
    return startExecution(operationCall({ port, resource, operation, input, defaults, site, tracker }));
  }

  function make(resource: Resource, type: KnownType, defaults: Readonly<NormalisedOptions>): AnyProxy {
    const proxy = Object.create(prototypeOf(type)) as object;
    states.set(proxy, { type, resource, defaults });
    return showData(proxy, resource);
  }

  function one(resource: Resource): Looked<AnyProxy> {
    return whenLooked(types.type(resource.type), (type) => make(resource, type, NO_OPTIONS));
  }

  function list(resources: Resource[]): Looked<ResourceList<AnyProxy>> {
    const names = [...new Set(resources.map((resource) => resource.type))];
    return whenLooked(types.types(names), (found) => {
      const byName = new Map(names.map((name, at) => [name, found[at]!]));
      return resourceList(resources.map((resource) => make(resource, byName.get(resource.type)!, NO_OPTIONS)));
    });
  }

  return { one, list };
}

/** Own, enumerable and read-only: printed, spread and turned into JSON as data; changed by `refresh()` only. */
function showData(proxy: object, resource: Resource): AnyProxy {
  for (const key of DATA) {
    const value = key === "labels" ? Object.freeze({ ...resource.labels }) : resource[key];
    Object.defineProperty(proxy, key, { value, enumerable: true, configurable: true, writable: false });
  }
  return proxy as AnyProxy;
}

function parseDefaults(options: unknown): Readonly<NormalisedOptions> {
  const defaults = parseCallOptions(options);
  if (defaults.idempotencyKey === undefined) return defaults;
  throw new WilcoError({
    code: "invalid_request",
    message: "with() takes no idempotencyKey: every call of the resource would have the same one",
    hint: "Give it to the call: restart({}, { idempotencyKey: … }).",
  });
}

function checkOf({ type, resource }: State): KnownOperation {
  const check = type.check === null ? undefined : type.operations.get(type.check);
  if (check) return check;
  throw new WilcoError({
    code: "unknown_operation",
    message: `${resource.name} can't be waited for: ${type.name} has no check`,
    hint: 'Name the operation that observes availability in the type ("check: …").',
  });
}

function childNamed(name: string, parent: Resource, children: Resource[]): Resource {
  const child = children.find((one) => one.name === name);
  if (child) return child;
  const names = children.map((one) => one.name);
  throw new WilcoError({
    code: "unknown_resource",
    message: `${parent.name} has no child "${name}"`,
    hint: suggestion(name, names, "Its children") ?? "It has no children.",
  });
}
