/**
 * The object behind `group("web")`: its members as they are now, and the operations that all of their types have as
 * methods. Each call is one request: one entry with a task for each member of the moment in which it is filed.
 */
import { WilcoError } from "../core/errors.ts";
import { layerPollPolicies } from "../domain/poll-policy.ts";
import type { RequestResult } from "../domain/request.ts";
import type { Resource } from "../domain/resource.ts";
import { mergeCallOptions, NO_OPTIONS, resolveDependencies, type NormalisedOptions } from "./call-options.ts";
import { captureCallSite, type CallSite } from "./call-site.ts";
import { startExecution, type Execution } from "./execution.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import { filesIn, placeFirst, snapshotParameters } from "./parameters.ts";
import { whenLooked, type ClientPort, type Looked, type LookupPort, type RequestCall } from "./port.ts";
import { parseRequestOptions, type RequestOptions } from "./request-options.ts";
import type { ResourceList } from "./resource-list.ts";
import type { LookMode, ResourceProxy } from "./resource-members.ts";
import type { AnyProxy, ResourceProxies } from "./resource-proxy.ts";
import type { KnownOperation, KnownType, ResourceTypeCache } from "./resource-type-cache.ts";
import { createUnknownNameFallback } from "./unknown-operation.ts";

/** Submits an operation on every member. */
export type GroupMethod = (parameters?: Record<string, unknown>, options?: RequestOptions) => Execution<RequestResult>;

/** What every group has besides its operations. */
export interface GroupMembers<M extends LookMode = "promised"> {
  readonly name: string;
  /** As they were when the group was looked up; a call reaches those of its own moment. */
  readonly members: ResourceList<ResourceProxy<M>>;
  /** Every operation by its name: the way to one whose name the group itself takes. */
  readonly operations: Readonly<Record<string, GroupMethod>>;
  /** The same group with other defaults for the options of its calls. */
  with(options: Omit<RequestOptions, "idempotencyKey">): GroupProxy<M>;
  /** The name. */
  toString(): string;
  /** Never thenable: `await group` is the group. */
  then?: undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a method of any name
export type GroupProxy<M extends LookMode = "promised"> = GroupMembers<M> & { readonly [operation: string]: any };

export interface GroupProxyContext {
  port: ClientPort;
  lookup: LookupPort;
  types: ResourceTypeCache;
  proxies: ResourceProxies;
  tracker: ExecutionTracker | undefined;
}

interface GroupState {
  name: string;
  members: ResourceList<AnyProxy>;
  types: readonly KnownType[];
  defaults: Readonly<NormalisedOptions>;
}

const OWN = ["name", "members", "operations", "with", "toString"];
/** As of resources: the engine calls these by itself. */
const NEVER_OPERATIONS = ["then", "toJSON", "toString", "valueOf"];

/** @returns the look-up of a group by its name. */
export function createGroups(context: GroupProxyContext): (name: string) => Looked<GroupProxy<LookMode>> {
  const { lookup, types, proxies } = context;
  return (name) => {
    requireGroupName(name);
    return whenLooked(lookup.resources(`group=${name}`), (resources: Resource[]) => {
      const typeNames = [...new Set(resources.map((resource) => resource.type))];
      return whenLooked(proxies.list(resources), (members) =>
        whenLooked(types.types(typeNames), (known) =>
          groupProxy(context, { name, members, types: known, defaults: NO_OPTIONS }),
        ),
      );
    });
  };
}

function groupProxy(context: GroupProxyContext, state: GroupState): GroupProxy<LookMode> {
  const fallback = createUnknownNameFallback(() => ({
    type: state.types.length === 0 ? `The group ${state.name}, which has no members,` : `The group ${state.name}`,
    operations: [...commonOperations(state.types).keys()],
    members: OWN,
  }));
  const group = Object.create(fallback) as object;
  const operations = Object.create(fallback) as object;
  for (const [name, known] of commonOperations(state.types)) {
    if (NEVER_OPERATIONS.includes(name)) continue;
    const method = (...input: unknown[]): Execution<RequestResult> =>
      start(context, state, name, known, input, captureCallSite(method));
    Object.defineProperty(operations, name, { value: method, enumerable: true });
    if (!OWN.includes(name)) Object.defineProperty(group, name, { value: method });
  }
  const show = (key: string, value: unknown, enumerable = true) =>
    Object.defineProperty(group, key, { value, enumerable, writable: false });
  show("name", state.name);
  show("members", state.members);
  show("operations", Object.freeze(operations), false);
  show(
    "with",
    (options: unknown) =>
      groupProxy(context, { ...state, defaults: mergeCallOptions(parseDefaults(options), state.defaults) }),
    false,
  );
  show("toString", () => state.name, false);
  show("then", undefined, false);
  show("toJSON", undefined, false);
  show(
    Symbol.for("nodejs.util.inspect.custom") as unknown as string,
    () => `Group { ${state.name}, ${state.members.length} members }`,
    false,
  );
  return group as GroupProxy<LookMode>;
}

/** Those that every type has, with each type's own descriptor: the parameters have to fit all of them. */
function commonOperations(types: readonly KnownType[]): Map<string, KnownOperation[]> {
  const common = new Map<string, KnownOperation[]>();
  for (const name of types[0]?.operations.keys() ?? []) {
    const all = types.flatMap((type) => type.operations.get(name) ?? []);
    if (all.length === types.length) common.set(name, all);
  }
  return common;
}

function start(
  { port, tracker }: GroupProxyContext,
  { name, types, defaults }: GroupState,
  operation: string,
  known: readonly KnownOperation[],
  written: readonly unknown[],
  site: CallSite,
): Execution<RequestResult> {
  const input = placeFirst(known[0]!.descriptor, written);
  if (input.length > 2) {
    throw new WilcoError({
      code: "invalid_parameters",
      message: `${operation} of the group ${name} was called with ${input.length} arguments`,
      hint: `It takes two: ${operation}({ parameters }, { options }).`,
    });
  }
  // Checked against each type's schema; what is submitted is the same for all.
  const [parameters] = known.map(({ descriptor }, at) =>
    snapshotParameters(descriptor, input[0], `the group ${name} (${types[at]!.name})`),
  );
  const options = mergeCallOptions(parseRequestOptions(input[1]), defaults);
  const { poll, start: when, after, requireWorker = port.requireWorker, ...rest } = options;
  const call: RequestCall = { group: name, operation, parameters: parameters!, ...rest, ...when };
  const files = filesIn(input[0]);
  if (files.length > 0) call.files = files;
  if (typeof requireWorker === "number") call.requireWorker = requireWorker;
  const course = {
    port,
    tracker,
    site,
    subject: `${operation} of group=${name}`,
    poll: layerPollPolicies(poll, port.pollDefaults, known[0]!.poll),
  };
  if (port.run && after === undefined) return startExecution<RequestResult>({ ...course, run: call });
  return startExecution<RequestResult>({
    ...course,
    async file() {
      return port.submit(after === undefined ? call : { ...call, after: await resolveDependencies(after) });
    },
  });
}

function parseDefaults(input: unknown): Readonly<NormalisedOptions> {
  const defaults = parseRequestOptions(input);
  if (defaults.idempotencyKey === undefined) return defaults;
  throw new WilcoError({
    code: "invalid_request",
    message: "with() takes no idempotencyKey: every call of the group would have the same one",
    hint: "Give it to the call: restart({}, { idempotencyKey: … }).",
  });
}

function requireGroupName(name: unknown): asserts name is string {
  if (typeof name === "string" && /^[^,=\s]+$/.test(name)) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `group() needs the name of a group, not ${typeof name === "string" ? JSON.stringify(name) : typeof name}`,
    hint: 'Write group("web"); resources("tier=web") takes a selector.',
  });
}
