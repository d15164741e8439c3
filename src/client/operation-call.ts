/** From a method call to what is submitted: parameters and options snapshotted, checked, and layered over defaults. */
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import { layerPollPolicies, type PollPolicy } from "../domain/poll-policy.ts";
import type { Resource } from "../domain/resource.ts";
import {
  mergeCallOptions,
  NO_OPTIONS,
  parseCallOptions,
  resolveDependencies,
  type NormalisedOptions,
} from "./call-options.ts";
import type { CallSite } from "./call-site.ts";
import type { CourseInit } from "./execution-course.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import { filesIn, placeFirst, snapshotParameters } from "./parameters.ts";
import type { Call, ClientPort } from "./port.ts";
import type { KnownOperation } from "./resource-type-cache.ts";

export interface OperationCallInit {
  port: ClientPort;
  resource: Resource;
  operation: KnownOperation;
  /** The arguments as written: parameters, options. */
  input: readonly unknown[];
  /** Of `with()`. */
  defaults: Readonly<NormalisedOptions>;
  site: CallSite;
  tracker: ExecutionTracker | undefined;
}

/**
 * The poll policy is the call's over `with()`'s over that of flags and profile over the operation's descriptor's over the
 * default.
 * @throws WilcoError `invalid_parameters`, `invalid_request`, `invalid_policy`: nothing was submitted.
 */
export function operationCall(init: OperationCallInit): CourseInit {
  const { port, resource, operation, defaults, site, tracker } = init;
  const { descriptor } = operation;
  const input = init.input.length === 0 ? init.input : placeFirst(descriptor, init.input);
  if (input.length > 2) {
    throw new WilcoError({
      code: "invalid_parameters",
      message: `${descriptor.name} of ${resource.name} was called with ${input.length} arguments`,
      hint: `It takes two: ${descriptor.name}({ parameters }, { options }).`,
    });
  }
  const parameters = snapshotParameters(descriptor, input[0], resource.name);
  const { options, poll, pending, filed } = layersOf(port, operation, input[1], defaults);
  const call: Call = {
    resource: resource.id,
    resourceName: resource.name,
    type: resource.type,
    operation: descriptor.name,
    parameters,
    ...options,
  };
  if (input[0] !== undefined) {
    const files = filesIn(input[0]);
    if (files.length > 0) call.files = files;
  }
  const subject = `${resource.name} ${descriptor.name}`;
  if (port.run && !pending) return { port, subject, poll, site, tracker, run: call };
  // In the same tick unless it runs after an execution that is not filed yet.
  const file = () => filed((after) => port.submit({ ...call, ...after }));
  return { port, subject, poll, site, tracker, file };
}

/** Calls without options, which most are, share what their layers come to: a script makes thousands of them. */
function layersOf(
  port: ClientPort,
  operation: KnownOperation,
  input: unknown,
  defaults: Readonly<NormalisedOptions>,
): LayeredOptions {
  const { pollDefaults } = port;
  const isPlain = input === undefined && defaults === NO_OPTIONS;
  const known = isPlain ? withoutOptions.get(operation) : undefined;
  if (known?.pollDefaults === pollDefaults) return known.layers;
  const layers = layerOptions({ port, input, defaults, poll: operation.poll });
  if (isPlain) withoutOptions.set(operation, { pollDefaults, layers });
  return layers;
}

/** Known operations belong to one api, and so to one port; in the shell its poll settings change between two lines. */
const withoutOptions = new WeakMap<KnownOperation, { pollDefaults: Partial<PollPolicy>; layers: LayeredOptions }>();

export interface LayerInit extends Pick<OperationCallInit, "port" | "defaults"> {
  /** The options as written. */
  input: unknown;
  /** Of the operation's descriptor. */
  poll: Partial<PollPolicy>;
}

export interface LayeredOptions {
  options: Omit<Call, "resource" | "resourceName" | "type" | "operation" | "parameters">;
  poll: PollPolicy;
  /** It runs after others. */
  pending: boolean;
  /** Files it: in the same tick unless it runs after an execution that is not filed yet. */
  filed: (file: (after: Pick<Call, "after">) => Promise<Entry>) => Promise<Entry>;
}

/** @throws WilcoError `invalid_request`, `invalid_policy`. */
export function layerOptions({ port, input, defaults, poll: ofOperation }: LayerInit): LayeredOptions {
  const {
    poll,
    start,
    after,
    requireWorker = port.requireWorker,
    ...rest
  } = mergeCallOptions(parseCallOptions(input), defaults);
  return {
    options: { ...rest, ...start, ...(typeof requireWorker === "number" ? { requireWorker } : {}) },
    poll: layerPollPolicies(poll, port.pollDefaults, ofOperation),
    pending: after !== undefined,
    async filed(file) {
      if (after === undefined) return file({});
      const dependencies = resolveDependencies(after);
      return file({ after: dependencies instanceof Promise ? await dependencies : dependencies });
    },
  };
}
