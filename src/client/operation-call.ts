/** From a method call to what is submitted: parameters and options snapshotted, checked, and layered over defaults. */
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import { layerPollPolicies, type PollPolicy } from "../domain/poll-policy.ts";
import type { Resource } from "../domain/resource.ts";
import { mergeCallOptions, parseCallOptions, resolveDependencies, type NormalisedOptions } from "./call-options.ts";
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
}

export interface OperationCall {
  /** "web-1 restart" */
  subject: string;
  /** Call over `with()` over flags and profile over the operation's descriptor over the default. */
  poll: PollPolicy;
  /** Submits it, in the same tick unless it runs after an execution that is not filed yet. */
  file: () => Promise<Entry>;
}

/** @throws WilcoError `invalid_parameters`, `invalid_request`, `invalid_policy`: nothing was submitted. */
export function operationCall(init: OperationCallInit): OperationCall {
  const { port, resource, operation, defaults } = init;
  const { descriptor } = operation;
  const input = placeFirst(descriptor, init.input);
  if (input.length > 2) {
    throw new WilcoError({
      code: "invalid_parameters",
      message: `${descriptor.name} of ${resource.name} was called with ${input.length} arguments`,
      hint: `It takes two: ${descriptor.name}({ parameters }, { options }).`,
    });
  }
  const parameters = snapshotParameters(descriptor, input[0], resource.name);
  const files = filesIn(input[0]);
  const { options, poll, filed } = layerOptions({ port, input: input[1], defaults, poll: operation.poll });
  const call: Call = {
    resource: resource.id,
    resourceName: resource.name,
    type: resource.type,
    operation: descriptor.name,
    parameters,
    ...options,
  };
  if (files.length > 0) call.files = files;
  return {
    subject: `${resource.name} ${descriptor.name}`,
    poll,
    file: () => filed((after) => port.submit({ ...call, ...after })),
  };
}

export interface LayerInit extends Pick<OperationCallInit, "port" | "defaults"> {
  /** The options as written. */
  input: unknown;
  /** Of the operation's descriptor. */
  poll: Partial<PollPolicy>;
}

export interface LayeredOptions {
  options: Omit<Call, "resource" | "resourceName" | "type" | "operation" | "parameters">;
  poll: PollPolicy;
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
    async filed(file) {
      if (after === undefined) return file({});
      const dependencies = resolveDependencies(after);
      return file({ after: dependencies instanceof Promise ? await dependencies : dependencies });
    },
  };
}
