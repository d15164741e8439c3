/** From a selector to the resources an operation is for, with the nearest names where something does not exist. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Resource } from "../domain/resource.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { isGlob, parseSelector, type Selector } from "../domain/selector.ts";
import type { ResourcesAnswer, ResourcesQuery } from "../protocol/messages.ts";

/** What looking up needs of the API. */
export interface InventoryReader {
  /** One page. */
  resources(query: ResourcesQuery): Promise<ResourcesAnswer>;
  resource(name: string): Promise<Resource>;
  type(name: string): Promise<ResourceTypeDescriptor>;
}

export interface OperationTarget {
  resource: Resource;
  operation: OperationDescriptor;
}

const PAGE = 1_000;

/**
 * Every page of it.
 * @throws WilcoError `unknown_resource` for a name (not a glob) that does not exist: a typing error must not shrink the
 *   set of targets without a word.
 */
export async function findResources(
  api: InventoryReader,
  text: string,
  selector: Selector = parseSelector(text),
): Promise<Resource[]> {
  const found: Resource[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: ResourcesAnswer = await api.resources({
      ...(text === "" ? {} : { selector: text }),
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items);
    cursor = page.next;
  }
  const names = new Set(found.map((resource) => resource.name));
  for (const name of selector.names) {
    // The server's answer has the nearest name; a resource that exists was left out by another term.
    if (!isGlob(name) && !names.has(name)) await api.resource(name);
  }
  return found;
}

/**
 * The operation of each resource's type, each type read once.
 * @throws WilcoError `unknown_operation`, naming the first type that lacks it and the nearest it has.
 */
export async function findOperations(
  api: InventoryReader,
  resources: readonly Resource[],
  operation: string,
): Promise<OperationTarget[]> {
  const types = new Map<string, OperationDescriptor>();
  const names = new Set(resources.map((resource) => resource.type));
  for (const name of names) {
    const type = await api.type(name);
    const found = Object.hasOwn(type.operations, operation) ? type.operations[operation] : undefined;
    if (!found) {
      throw new WilcoError({
        code: "unknown_operation",
        message: `${names.size === 1 ? name : typeOf(name, resources)} has no operation "${operation}"`,
        hint: [
          suggestion(operation, Object.keys(type.operations), "its operations"),
          ...(names.size === 1 ? [] : [`With type!=${name} in the selector they are left out.`]),
        ].join(" "),
      });
    }
    types.set(name, found);
  }
  return resources.map((resource) => ({ resource, operation: types.get(resource.type)! }));
}

/** Of targets of several types: whose it is. */
function typeOf(type: string, resources: readonly Resource[]): string {
  const [first, ...more] = resources.filter((resource) => resource.type === type);
  return `${type}, the type of ${first!.name}${more.length === 0 ? "" : ` and ${more.length} more`},`;
}
