/** The resource types that a worker has handlers for, and how they are loaded anew while it works. */
import type { JsonObject } from "../core/json.ts";
import type { ResourceTypeDefinition } from "../resource-types/sdk.ts";
import { createResolver, type Resolve, type RunElsewhere } from "./resolve.ts";

export type LoadTypes = () => Promise<readonly ResourceTypeDefinition[]>;

export interface TypesInUse {
  descriptors(): ResourceTypeDefinition["descriptor"][];
  definitions(): readonly ResourceTypeDefinition[];
  /** By what was loaded last: what runs keeps the handler that it began with. */
  resolver(elsewhere: RunElsewhere): Resolve;
  /**
   * @param tell stores the descriptors with the server; when it refuses them, nothing has changed.
   * @returns how many types there are, and the names of those that are new, others than before, or gone.
   */
  reload(tell: (descriptors: ResourceTypeDefinition["descriptor"][]) => Promise<void>): Promise<JsonObject>;
}

/** @param load default: the same types again. */
export function createTypesInUse(first: readonly ResourceTypeDefinition[], load?: LoadTypes): TypesInUse {
  let types = first;
  let last: Promise<unknown> = Promise.resolve();

  async function reloadNow(tell: Parameters<TypesInUse["reload"]>[0]): Promise<JsonObject> {
    const before = types;
    const loaded = (await load?.()) ?? before;
    // New handlers first: the server may hand out what only they can do as soon as it knows of them.
    types = loaded;
    try {
      await tell(loaded.map((type) => type.descriptor));
    } catch (error) {
      types = before;
      throw error;
    }
    return { types: loaded.length, ...changesBetween(before, loaded) };
  }

  return {
    descriptors: () => types.map((type) => type.descriptor),
    definitions: () => types,
    resolver(elsewhere) {
      let known = types;
      let resolve = createResolver(known, elsewhere);
      return (assignment) => {
        if (known !== types) resolve = createResolver((known = types), elsewhere);
        return resolve(assignment);
      };
    },
    // One after the other: a failed one puts back what was there when it began.
    reload: (tell) => {
      const next = last.then(() => reloadNow(tell));
      last = next.catch(() => {});
      return next;
    },
  };
}

function changesBetween(before: readonly ResourceTypeDefinition[], after: readonly ResourceTypeDefinition[]) {
  const versions = (types: readonly ResourceTypeDefinition[]) =>
    new Map(types.map(({ descriptor }) => [descriptor.name, descriptor.version]));
  const [old, now] = [versions(before), versions(after)];
  return {
    added: [...now.keys()].filter((type) => !old.has(type)),
    changed: [...now].filter(([type, version]) => old.has(type) && old.get(type) !== version).map(([type]) => type),
    removed: [...old.keys()].filter((type) => !now.has(type)),
  };
}
