/** The types of resource proxies, as scripts and Node programs see them. */
import type { Json } from "../core/json.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Entry } from "../domain/entry.ts";
import type { PollPolicyInput } from "../domain/poll-policy.ts";
import type { Availability } from "../domain/resource.ts";
import type { CallOptions } from "./call-options.ts";
import type { EntryList } from "./entry-list.ts";
import type { Execution } from "./execution.ts";
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { MetricsByName } from "./metric-history.ts";
import type { HistoryQuery, MetricHistoryQuery, ObservationQuery } from "./port.ts";
import type { DeploymentsQuery, RollbackOptions } from "./resource-deployments.ts";
import type { ResourceConfiguration } from "./resource-configuration.ts";
import type { ResourceList } from "./resource-list.ts";
import type { WaitUntilTarget } from "./wait-until.ts";

/** How look-ups answer: "direct" in the sandbox, whose thread blocks; "promised" in Node. */
export type LookMode = "direct" | "promised";
export type Found<M extends LookMode, T> = M extends "direct" ? T : Promise<T>;

/**
 * Submits an operation.
 * @throws WilcoError `invalid_parameters`, `invalid_request`, `invalid_policy` at the call; nothing was submitted then.
 */
export type OperationMethod<P = Record<string, unknown>, R = Json> = (
  parameters?: P,
  options?: CallOptions,
) => Execution<R>;

/** What every resource has besides its operations. The data is a snapshot; `refresh()` re-reads it in place. */
export interface ResourceMembers<M extends LookMode = "promised"> {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly zone: string;
  readonly worker: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly parent: string | null;
  readonly availability: Availability;
  /** Every operation by its name: the way to one whose name the resource itself takes. */
  readonly operations: Readonly<Record<string, OperationMethod>>;
  /** What it has and had as its configuration, and changing it. */
  readonly configuration: ResourceConfiguration;
  refresh(): Found<M, ResourceProxy<M>>;
  children(): Found<M, ResourceList<ResourceProxy<M>>>;
  /** @throws WilcoError `unknown_resource` with the nearest name. */
  child(name: string): Found<M, ResourceProxy<M>>;
  /** The same resource with other defaults for the options of its calls. */
  with(options: Omit<CallOptions, "idempotencyKey">): ResourceProxy<M>;
  /** Its audit entries, newest first. */
  history(query?: Omit<HistoryQuery, "resource">): Promise<EntryList>;
  /**
   * The changes of its availability, the newest first, and its share of time up.
   * @throws WilcoError `invalid_request` for a query that is none.
   */
  availabilityHistory(query?: ObservationQuery): Promise<AvailabilityHistory>;
  /**
   * Its metrics as they were kept, by name, each with a `chart()`; the operation `metrics` reads them live.
   * @throws WilcoError `invalid_request` for a query that is none.
   */
  metricsHistory(query?: MetricHistoryQuery): Promise<MetricsByName>;
  /**
   * What was deployed to it, the newest version first.
   * @throws WilcoError `invalid_request` for a query that is none.
   */
  deployments(query?: DeploymentsQuery): Promise<Deployment[]>;
  /**
   * Deploys an older version anew, with the parameters that it had: by default the one before the current. The version
   * is chosen when the call is filed.
   * @throws WilcoError `conflict` when there is none to go back to; at the call `unknown_operation` when its type has
   *   no `deploy`, `invalid_request`, `invalid_policy`.
   */
  rollback(options?: RollbackOptions): Execution;
  /**
   * Submits the type's check anew for each look (the first at once, then every `delay`), until an observation that was
   * begun after this call is as asked for.
   * @returns the entry of that check; of the last one when the limit was reached and `onLimit` is "return".
   * @throws PollLimitReached
   */
  waitUntil(target: WaitUntilTarget<ResourceProxy<M>>, poll?: PollPolicyInput): Promise<Entry>;
  /** The name. */
  toString(): string;
  /** Never thenable: `await resource` is the resource. */
  then?: undefined;
}

/** Without generated types the operations are not known: any name may be one, and the proxy refuses the wrong ones. */
// oxlint-disable-next-line typescript/no-explicit-any -- a method, or data, of any name
export type ResourceProxy<M extends LookMode = "promised"> = ResourceMembers<M> & { readonly [operation: string]: any };
