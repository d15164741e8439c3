/** Type descriptors, read once for each api, with what is derived from them. */
import type { JsonSchema } from "../core/json.ts";
import { parsePollPolicy, type PollPolicy } from "../domain/poll-policy.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { whenLooked, type Looked, type LookupPort } from "./port.ts";

export interface KnownOperation {
  descriptor: OperationDescriptor;
  poll: Partial<PollPolicy>;
}

export interface KnownType {
  name: string;
  /** Name of the operation that observes availability, or null. */
  check: string | null;
  /** Schema of its configuration, or null. */
  configuration: JsonSchema | null;
  operations: ReadonlyMap<string, KnownOperation>;
}

export interface ResourceTypeCache {
  type(name: string): Looked<KnownType>;
  /** Every one of them, in order: direct when each is. */
  types(names: string[]): Looked<KnownType[]>;
}

export function createResourceTypeCache(lookup: LookupPort): ResourceTypeCache {
  // In Node a promise is kept too, so that a thousand proxies of one type ask once.
  const known = new Map<string, Looked<KnownType>>();

  function type(name: string): Looked<KnownType> {
    const found = known.get(name);
    if (found !== undefined) return found;
    const looked = whenLooked(lookup.type(name), knownType);
    known.set(name, looked);
    if (looked instanceof Promise) {
      looked.then(
        (value) => known.set(name, value),
        () => known.delete(name),
      );
    }
    return looked;
  }

  return {
    type,
    types(names) {
      const looked = names.map(type);
      const direct = looked.filter((one): one is KnownType => !(one instanceof Promise));
      return direct.length === looked.length ? direct : Promise.all(looked.map(async (one) => one));
    },
  };
}

function knownType(descriptor: ResourceTypeDescriptor): KnownType {
  const operations = Object.entries(descriptor.operations).map(
    ([name, operation]) => [name, { descriptor: operation, poll: parsePollPolicy(operation.poll) }] as const,
  );
  return {
    name: descriptor.name,
    check: descriptor.check,
    configuration: descriptor.configuration,
    operations: new Map(operations),
  };
}
