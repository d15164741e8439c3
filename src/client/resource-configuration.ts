/** `resource.configuration`: what it has and had, and changing it, over the operations of its type. */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import {
  declaredPart,
  differences,
  pathText,
  READ_CONFIGURATION,
  UPDATE_CONFIGURATION,
  type ConfigurationDifference,
  type ConfigurationUpdated,
  type ConfigurationVersion,
  type KnownConfiguration,
} from "../domain/configuration.ts";
import { captureCallSite, type CallSite } from "./call-site.ts";
import type { CallOptions } from "./call-options.ts";
import type { Execution } from "./execution.ts";
import type { ClientPort } from "./port.ts";

/** Options of an update. */
export interface UpdateOptions extends CallOptions {
  /** The version that the change was thought up on: refused when a newer one has changed the same keys. */
  base?: number;
}

export interface LiveConfiguration {
  /** The newest version that was applied and verified through wilco; 0 = none was. */
  version: number;
  /** Its content; null with version 0. Secrets are masked. */
  known: JsonObject | null;
  /** What the resource has at this moment; null when its type can't read it. Secrets are masked. */
  live: JsonObject | null;
  /** The entry of the read; null when there was none. */
  entry: number | null;
}

export interface DriftReport {
  /** true: the resource has something else than what is known. */
  drifted: boolean;
  version: number;
  /** `before` is what is known, `after` is what the resource has. */
  differences: ConfigurationDifference[];
  /** The entry of the read. */
  entry: number;
}

/** Of a resource whose type declares `readConfiguration` or `updateConfiguration`. */
export interface ResourceConfiguration<C = JsonObject, P = Record<string, unknown>> {
  /** What it has (by running the type's readConfiguration) and what is known. */
  get(options?: CallOptions): Promise<Omit<LiveConfiguration, "known" | "live"> & { known: C | null; live: C | null }>;
  /** What is known, without asking the resource. @param version default the newest. */
  known(version?: number): Promise<Omit<KnownConfiguration, "configuration"> & { configuration: C | null }>;
  /**
   * Merges the patch into what is known when the entry runs (null removes a key), applies the whole, reads it back, and
   * only then records the next version.
   * @throws WilcoError `invalid_parameters` with the path and the nearest key, `conflict` with `base`.
   */
  update(patch: P, options?: UpdateOptions): Execution<ConfigurationUpdated>;
  /** The same with the whole new configuration. */
  replace(configuration: C, options?: UpdateOptions): Execution<ConfigurationUpdated>;
  /** A new version with the content of an old one. */
  rollback(version: number, options?: UpdateOptions): Execution<ConfigurationUpdated>;
  /** Newest first. @param limit default 100. */
  history(limit?: number): Promise<ConfigurationVersion[]>;
  /** @param to default the newest. */
  diff(from: number, to?: number): Promise<ConfigurationDifference[]>;
  /** What the resource has against what is known. @throws WilcoError `unknown_operation` when its type can't read. */
  drift(options?: CallOptions): Promise<DriftReport>;
}

export interface ConfigurationParts {
  port: ClientPort;
  resource: () => { id: number; name: string; type: string };
  /** Whether the type has the operation. */
  has: (operation: string) => boolean;
  /** The type's schema. */
  schema: JsonObject | null;
  start: (operation: string, input: unknown[], site: CallSite) => Execution;
}

export function createResourceConfiguration(parts: ConfigurationParts): ResourceConfiguration {
  const { port, resource, has, schema, start } = parts;

  function submit(change: JsonObject, options: unknown, called: (...input: never[]) => unknown): Execution {
    requireOperation(UPDATE_CONFIGURATION, "can't be changed");
    const { base, rest } = splitBase(options);
    const parameters = base === undefined ? change : { ...change, base };
    return start(UPDATE_CONFIGURATION, rest === undefined ? [parameters] : [parameters, rest], captureCallSite(called));
  }

  function requireOperation(operation: string, what: string): void {
    if (has(operation)) return;
    const { name, type } = resource();
    throw new WilcoError({
      code: "unknown_operation",
      message: `The configuration of ${name} ${what}: its type ${type} has no ${operation}`,
      hint: `Declare the operation ${operation} in the type.`,
    });
  }

  async function read(options: CallOptions | undefined, called: (...input: never[]) => unknown) {
    const execution = start(READ_CONFIGURATION, options === undefined ? [] : [{}, options], captureCallSite(called));
    const result: unknown = await execution;
    return { live: isJsonObject(result) ? result : null, entry: execution.id ?? null };
  }

  const configuration: ResourceConfiguration = {
    async get(options) {
      const can = has(READ_CONFIGURATION);
      if (!can) requireOperation(UPDATE_CONFIGURATION, "can't be read");
      // First the live one: an update that ends meanwhile is then in what is known, and not shown as drift.
      const { live, entry } = can ? await read(options, configuration.get) : { live: null, entry: null };
      const { version, configuration: known } = await port.configuration(resource().id);
      return { version, known, live, entry };
    },
    known: (version) => port.configuration(resource().id, version),
    update: (patch, options) =>
      submit({ patch: patch as JsonObject }, options, configuration.update) as Execution<never>,
    replace: (whole, options) => submit({ configuration: whole }, options, configuration.replace) as Execution<never>,
    rollback: (version, options) => submit({ rollback: version }, options, configuration.rollback) as Execution<never>,
    history: (limit = 100) => port.configurationVersions(resource().id, limit),
    async diff(from, to) {
      const { id } = resource();
      return port.configurationDifferences(id, from, to ?? (await port.configuration(id)).version);
    },
    async drift(options) {
      requireOperation(READ_CONFIGURATION, "can't be read");
      const { live, entry } = await read(options, configuration.drift);
      const { version, configuration: known } = await port.configuration(resource().id);
      const wanted = schema === null ? (known ?? {}) : declaredPart(schema, known ?? {});
      const found = differences(wanted, live ?? {}).map(({ path, before, after }): ConfigurationDifference => ({
        path: pathText(path),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      }));
      return { drifted: found.length > 0, version, differences: found, entry: entry! };
    },
  };
  return Object.freeze(configuration);
}

function splitBase(options: unknown): { base: Json | undefined; rest: unknown } {
  if (!isJsonObject(options) || !Object.hasOwn(options, "base")) return { base: undefined, rest: options };
  const { base, ...rest } = options;
  return { base, rest };
}
