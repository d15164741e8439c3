/** The inventory: resources, their types and groups, read and changed. One object for the server's routes. */
import type { Database } from "../database/database.ts";
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { MetricHistory } from "../domain/metrics.ts";
import type { Group, Resource, SizedGroup } from "../domain/resource.ts";
import type { Finding } from "../domain/finding.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import type {
  ApplyAnswer,
  ExportAnswer,
  FindingsAnswer,
  FindingsQuery,
  InventoryDocument,
  AvailabilityQuery,
  MetricsQuery,
  ResourceInput,
  ResourcePatch,
  ResourcesAnswer,
  ResourcesQuery,
} from "../protocol/messages.ts";
import { applyInventory } from "./apply.ts";
import { createConfigurations, type Configurations } from "./configurations.ts";
import { createChildren, type Children } from "./children.ts";
import { deleteResource, patchResource, putResource, type Expected } from "./change-resource.ts";
import { exportInventory } from "./export.ts";
import { groupMembers, listGroups, listGroupsWithSizes } from "./groups.ts";
import { createObservations } from "./observations.ts";
import { hasRuledFindings, ignoreFindings, listFindings, takeByRules, takeFindings } from "./findings.ts";
import type { ParseType } from "./parse-document.ts";
import { deleteGroup, deleteType } from "./remove.ts";
import { createResources, unknownResource } from "./resources.ts";
import type { Sealer } from "./sealer.ts";
import { createSecretStore, type SecretStore } from "./secret-store.ts";
import { createTargets, type Targets } from "./targets.ts";
import { createTypes, registerBuiltinTypes, type Types } from "./types.ts";

export interface Inventory {
  /** @throws WilcoError `unknown_resource` with the nearest name. */
  resource(ref: string | number): Promise<Resource>;
  /** @throws WilcoError `invalid_selector`, `unknown_resource`, `unknown_type`, `unknown_group`, `invalid_request` (cursor). */
  resources(query: ResourcesQuery): Promise<ResourcesAnswer>;
  /**
   * Adds the resource, or replaces all of it. A masked secret means "as it is".
   * @throws WilcoError `precondition_failed`, `invalid_request` (every problem in the details), `ambiguous_binding`,
   *   `unknown_type`, `unknown_resource` when `expected` asks for one that there is not.
   */
  putResource(
    ref: string,
    input: ResourceInput,
    expected: Expected,
  ): Promise<{ resource: Resource; added: boolean; notices: string[] }>;
  /**
   * Changes what the patch names; secrets stay as they are unless it has them.
   * @throws WilcoError `unknown_resource`, `precondition_failed`, and what `putResource` throws.
   */
  patchResource(
    ref: string,
    patch: ResourcePatch,
    expected: Expected,
  ): Promise<{ resource: Resource; changed: boolean; notices: string[] }>;
  /** @throws WilcoError `unknown_resource`, `invalid_request` (times). */
  availabilityOf(ref: string, query: AvailabilityQuery): Promise<AvailabilityHistory>;
  /** @throws WilcoError `unknown_resource`, `invalid_request` (times). */
  metricsOf(ref: string, query: MetricsQuery): Promise<MetricHistory>;
  /** @throws WilcoError `unknown_resource`, `precondition_failed`, `conflict` while it has children or unfinished entries. */
  deleteResource(ref: string, expected: Expected): Promise<void>;
  /** @throws WilcoError `invalid_inventory`, see `applyInventory`. */
  apply(document: InventoryDocument): Promise<ApplyAnswer>;
  /** @param selector "" = all of it. @throws WilcoError as `resources` does. */
  export(selector: string): Promise<ExportAnswer>;
  /** What discoveries found, a page at a time. @throws WilcoError `unknown_resource`. */
  findings(query: FindingsQuery): Promise<FindingsAnswer>;
  /** @throws WilcoError as `takeFindings` says. */
  takeFindings(wanted: { ids: readonly number[]; by: string; dryRun: boolean }): Promise<ApplyAnswer>;
  ignoreFindings(ids: readonly number[], by: string): Promise<Finding[]>;
  /** Takes what the rules of resources select. @returns how many. */
  takeByRules(): Promise<number>;
  typeList(): Promise<ResourceTypeDescriptor[]>;
  /** @throws WilcoError `unknown_type` with the nearest name. */
  type(name: string): Promise<ResourceTypeDescriptor>;
  groups(): Promise<Group[]>;
  /** With how many members each has now; null where that can't be said. */
  groupsWithSizes(): Promise<SizedGroup[]>;
  /** Ids of the members now. @throws WilcoError `unknown_group`. */
  groupMembers(name: string): Promise<number[]>;
  /** @throws WilcoError `unknown_group`, `conflict` while another group names it. */
  deleteGroup(name: string): Promise<void>;
  /** @throws WilcoError `unknown_type`, `conflict` for one that is built in, in use, or brought by a live worker. */
  deleteType(name: string): Promise<void>;
  registerBuiltinTypes(descriptors: readonly ResourceTypeDescriptor[]): Promise<void>;

  // For operations, inside their transactions:
  readonly types: Types;
  readonly targets: Targets;
  readonly secrets: SecretStore;
  readonly children: Children;
  readonly configurations: Configurations;
}

export interface InventoryOptions {
  database: Database;
  schemas: SchemaValidator;
  /** `createSealer(key)`. */
  sealer: Sealer;
  /** Reads a type of a document, e.g. `(name, value) => parseResourceType(name, value, { schemas })`. */
  parseType: ParseType;
}

export function createInventory({ database, schemas, sealer, parseType }: InventoryOptions): Inventory {
  const types = createTypes({ schemas });
  const resources = createResources({ types });
  const observations = createObservations({ types });
  const targets = createTargets({ sealer, unknownResource });
  const options = { database, types, schemas, sealer, parseType };
  return {
    types,
    targets,
    children: createChildren(options),
    secrets: createSecretStore({ database, sealer }),
    configurations: createConfigurations({ database, types, sealer }),
    resource: (ref) => resources.get(database, ref),
    resources: (query) => resources.list(database, query),
    async putResource(ref, input, expected) {
      return database.transaction(async (tx) => {
        const { name, action, notices } = await putResource(tx, options, ref, input, expected);
        return { resource: await resources.get(tx, name), added: action === "add", notices };
      });
    },
    async patchResource(ref, patch, expected) {
      return database.transaction(async (tx) => {
        const { name, action, notices } = await patchResource(tx, options, ref, patch, expected);
        return { resource: await resources.get(tx, name), changed: action === "change", notices };
      });
    },
    availabilityOf: (ref, query) => database.transaction((tx) => observations.availability(tx, ref, query, tx.now())),
    metricsOf: (ref, query) => database.transaction((tx) => observations.metrics(tx, ref, query, tx.now())),
    deleteResource: (ref, expected) => database.transaction((tx) => deleteResource(tx, ref, expected)),
    apply: (document) => applyInventory(options, document),
    // One transaction: what it says was so at one moment.
    export: (selector) => database.transaction((tx) => exportInventory(tx, { types, sealer }, selector)),
    findings: (query) => listFindings(database, query),
    takeFindings: (wanted) => database.transaction((tx) => takeFindings(tx, options, wanted)),
    ignoreFindings: (ids, by) => database.transaction((tx) => ignoreFindings(tx, ids, by)),
    takeByRules: async () =>
      (await hasRuledFindings(database)) ? database.transaction((tx) => takeByRules(tx, options)) : 0,
    typeList: () => types.list(database),
    type: (name) => types.get(database, name),
    groups: () => listGroups(database),
    groupsWithSizes: () => listGroupsWithSizes(database),
    groupMembers: (name) => groupMembers(database, name),
    deleteGroup: (name) => database.transaction((tx) => deleteGroup(tx, name)),
    deleteType: (name) => database.transaction((tx) => deleteType(tx, types, name)),
    registerBuiltinTypes: (descriptors) => registerBuiltinTypes(database, types, descriptors),
  };
}
