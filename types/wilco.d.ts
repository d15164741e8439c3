/** What a script imports from "wilco". `wilco typegen` adds the resource types and names of a server to it. */
declare module "wilco" {
  // ---- Filled in by `wilco typegen` -----------------------------------------------------------------------------

  /** The name of each resource type, and its interface. */
  export interface ResourceTypes {}
  /** The name of each resource, and its type's interface. */
  export interface ResourceNames {}
  /** `{ anyName: true }` of `wilco typegen --any-name`: names that the file does not list are no mistake. */
  export interface TypeSettings {}

  // ---- Resources ------------------------------------------------------------------------------------------------

  export type ResourceTypeName = [keyof ResourceTypes] extends [never] ? string : keyof ResourceTypes & string;
  /** A name that is written out must be known; one that is computed (any `string`) may be any. */
  export type KnownName<N extends string | number> = N extends string
    ? string extends N
      ? N
      : [keyof ResourceNames] extends [never]
        ? N
        : [Extract<keyof ResourceNames, N>] extends [never]
          ? TypeSettings extends { anyName: true }
            ? N
            : keyof ResourceNames
          : N
    : N;
  export type ResourceNamed<N> = [Extract<keyof ResourceNames, N>] extends [never]
    ? ResourceProxy
    : string extends N
      ? ResourceProxy
      : ResourceNames[Extract<keyof ResourceNames, N>];

  /** @throws WilcoError `unknown_resource` with the nearest name. */
  export function resource<const N extends string | number>(idOrName: KnownName<N>): ResourceNamed<N>;

  /** Every resource of one type that the query selects; nothing found is an empty list. */
  export function resources<T extends keyof ResourceTypes>(
    query: SelectorQuery & { type: T },
  ): ResourceList<ResourceTypes[T]>;
  /**
   * Every resource that a selector ("web-*,tier=web") or a query ({ labels: { tier: "web" } }) selects; all of them
   * without one. Nothing found is an empty list. Name the type of what is selected when you know it: `resources<Process>("web-*")`.
   * @throws WilcoError `invalid_selector`.
   */
  export function resources<R = ResourceProxy>(selector?: string | SelectorQuery): ResourceList<R>;

  /**
   * A group, whose operations are one request with a task for each member: `await group("web").restart()`.
   * @throws WilcoError `unknown_group` with the nearest name.
   */
  export function group(name: string): GroupProxy;

  /** What every group has besides its operations, which are those that all of its members' types have. */
  export interface GroupMembers {
    readonly name: string;
    /** As they were when the group was looked up; a call reaches those of its own moment. */
    readonly members: ResourceList<ResourceProxy>;
    /** Every operation by its name: the way to one whose name the group itself takes. */
    readonly operations: Readonly<Record<string, GroupMethod>>;
    /** The same group with other defaults for the options of its calls. */
    with(options: Omit<RequestOptions, "idempotencyKey">): GroupProxy;
    /** The name. */
    toString(): string;
    /** Never thenable: `await group` is the group. */
    then?: undefined;
  }
  export type GroupProxy = GroupMembers & { readonly [operation: string]: any };
  /** Submits an operation on every member. Awaited, it throws TargetsFailed when too few succeeded. */
  export type GroupMethod = (parameters?: Record<string, any>, options?: RequestOptions) => Execution<RequestResult>;

  export interface SelectorQuery {
    /** Names or globs. */
    name?: string | string[];
    type?: ResourceTypeName;
    zone?: string;
    group?: string;
    worker?: string;
    labels?: Record<string, string>;
  }

  export type ResourceList<R> = readonly R[] & {
    /**
     * The same resources in order, in arrays of at most that size.
     * @param size a number from 1, or a share of the whole such as "25%" (rounded up).
     */
    batches(size: number | string): ReadonlyArray<readonly R[]>;
  };

  /**
   * What every resource has besides its operations. The data is a snapshot; `refresh()` reads it again, in place.
   * `O` are the operations of its type, `C` is the result of the type's check, `F` its configuration.
   */
  export interface ResourceMembers<O = Record<string, OperationMethod>, C = any, F = any> {
    readonly id: number;
    readonly name: string;
    readonly type: string;
    readonly zone: string;
    readonly worker: string | null;
    readonly labels: Readonly<Record<string, string>>;
    readonly parent: string | null;
    readonly availability: Availability;
    /** Every operation by its name: the way to one whose name the resource itself takes. */
    readonly operations: Readonly<O>;
    /** What it has and had as its configuration, and changing it. */
    readonly configuration: ResourceConfiguration<F>;
    refresh(): this;
    children(): ResourceList<ResourceProxy>;
    /** @throws WilcoError `unknown_resource` with the nearest name. */
    child<const N extends string>(name: KnownName<N>): ResourceNamed<N>;
    /** The same resource with other defaults for the options of its calls. */
    with(options: Omit<CallOptions, "idempotencyKey">): this;
    /** Its audit entries, newest first. */
    history(query?: Omit<HistoryQuery, "resource">): Promise<EntryList>;
    /** The changes of its availability, the newest first, and its share of time up. */
    availabilityHistory(query?: ObservationQuery): Promise<AvailabilityHistory>;
    /** Its metrics as they were kept, by name, each with a `chart()`; the operation `metrics` reads them live. */
    metricsHistory(query?: MetricHistoryQuery): Promise<Readonly<Record<string, MetricSeries>>>;
    /** What was deployed to it, the newest version first. */
    deployments(query?: DeploymentsQuery): Promise<Deployment[]>;
    /**
     * Deploys an older version anew, with the parameters that it had: by default the one before the current. The version
     * is chosen when the call is filed.
     * @throws WilcoError `conflict` when there is none to go back to; at the call `unknown_operation` when its type has
     *   no `deploy`.
     */
    rollback(
      options?: RollbackOptions,
    ): Execution<O extends { deploy: (...input: any[]) => Execution<infer R> } ? R : any>;
    /**
     * Runs the type's check anew for each look (the first at once, then every `delay`), until an observation that was
     * begun after this call is as asked for. A function gets the check's result, null when the check failed.
     * @returns the entry of that check; of the last one when the limit was reached and `onLimit` is "return".
     * @throws PollLimitReached
     */
    waitUntil(target: WaitUntilTarget<this, C>, poll?: PollPolicyInput): Promise<Entry>;
    /** The name. */
    toString(): string;
    /** Never thenable: `await resource` is the resource. */
    then?: undefined;
  }

  export interface DeploymentsQuery {
    /** At most this many; default 100. */
    limit?: number;
  }
  /** Options of a roll-back. */
  export interface RollbackOptions extends CallOptions {
    /** The version to bring back, as `deployments()` numbers them. Default: the one before the current. */
    to?: number;
  }
  export type DeploymentStatus = "current" | "former" | "rolled_back";
  export interface Deployment {
    resource: string;
    /** Of the resource: 1, 2, 3 … */
    version: number;
    /** As its `deploy` called it in the parameter `version`. */
    label: string | null;
    content: { sha256: string; size: number; name: string };
    /** The entry that deployed it. */
    entry: number;
    author: string;
    /** ISO 8601. */
    at: string;
    status: DeploymentStatus;
    /** The version that this one brought back; null unless it is a roll-back. */
    restores: number | null;
  }

  export interface ObservationQuery {
    /** ISO 8601, or how long ago: "1h". Default 7 days for the availability, an hour for metrics. */
    since?: string;
    /** The same; default now. */
    until?: string;
    /** Changes of availability, the newest. Default 200. */
    limit?: number;
  }

  export interface MetricHistoryQuery extends Omit<ObservationQuery, "limit"> {
    /** Of one metric; default all. */
    name?: string;
    /** At most so many points, the samples between averaged. Default 240. */
    points?: number;
  }

  /** The changes of a time, and how it was shared among the availabilities. */
  export interface AvailabilityHistory {
    resource: string;
    availability: Availability;
    since: string;
    until: string;
    /** Newest first. `entry` is the check that brought it; null when it was no check, or its entry is gone. */
    changes: Array<{ at: string; availability: Availability; reason: string | null; entry: number | null }>;
    /** There are more changes than are listed; the shares are of all. */
    truncated: boolean;
    /** ms in each availability. */
    times: Record<Availability, number>;
    /** 0 to 1: up of the time that it was known to be up or down; null when it was not known at all. */
    upShare: number | null;
  }

  /** The samples of one metric. */
  export interface MetricSeries {
    name: string;
    /** "%", "ms", "bytes"; null = a plain number. */
    unit: string | null;
    description: string | null;
    /** Oldest first; samples that are close together are averaged. */
    points: Array<{ at: string; value: number }>;
    /** How many samples there are; the next four are of all of them. */
    count: number;
    min: number;
    mean: number;
    max: number;
    last: number;
    /** A line of its values, which draws itself where it is printed. */
    chart(): Chart;
  }

  /** A patch: every key may be left out, and null removes one. */
  export type ConfigurationPatch<C> = C extends readonly unknown[]
    ? C
    : C extends object
      ? { [K in keyof C]?: ConfigurationPatch<C[K]> | null }
      : C;

  /** Options of an update. */
  export interface UpdateOptions extends CallOptions {
    /** The version that the change was thought up on: refused when a newer one has changed the same keys. */
    base?: number;
  }

  /** The configuration of a resource. `C` is its shape. Secrets are masked in all that is read. */
  export interface ResourceConfiguration<C = any> {
    /** What it has at this moment (null when its type can't read it) and the newest version that was verified. */
    get(options?: CallOptions): Promise<{ version: number; known: C | null; live: C | null; entry: number | null }>;
    /** What is known, without asking the resource. @param version default the newest. */
    known(version?: number): Promise<{
      resource: string;
      version: number;
      configuration: C | null;
      author: string | null;
      at: string | null;
      entry: number | null;
    }>;
    /**
     * Merges the patch into what is known when the entry runs (null removes a key), applies the whole, reads it back,
     * and only then records the next version: `await` it, and the next update is made only if this one was verified.
     * @throws WilcoError `invalid_parameters` with the path and the nearest key; `conflict` with `base`.
     */
    update(patch: ConfigurationPatch<C>, options?: UpdateOptions): Execution<ConfigurationUpdated>;
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

  /** One place: `before` is missing where it was added, `after` where it was removed. */
  export interface ConfigurationDifference {
    /** "env.PORT", "args[0]". */
    path: string;
    before?: any;
    after?: any;
  }

  export interface ConfigurationVersion {
    version: number;
    author: string;
    at: string;
    /** The entry that wrote it. */
    entry: number | null;
    note: string | null;
    rollbackOf: number | null;
    /** From the version before. */
    changes: ConfigurationDifference[];
  }

  /** The result of an update. */
  export interface ConfigurationUpdated {
    /** The version that holds since; the one before when nothing was changed. */
    version: number;
    changes: ConfigurationDifference[];
    /** false: the type can't read it back, so its handler's word is all there is. */
    verified: boolean;
    /** What the type's handler returned. */
    result: any;
  }

  export interface DriftReport {
    drifted: boolean;
    version: number;
    /** `before` is what is known, `after` is what the resource has. */
    differences: ConfigurationDifference[];
    /** The entry of the read. */
    entry: number;
  }

  export type Availability = "up" | "down" | "unknown" | "disabled";
  export type WaitUntilTarget<R = ResourceProxy, C = any> =
    | "up"
    | "down"
    | ((result: C | null, resource: R) => boolean | PromiseLike<boolean>);

  /** A resource whose type is not known while the script is written: any name may be an operation. */
  export type ResourceProxy = ResourceMembers & { readonly [operation: string]: any };

  /** Submits an operation of a type that is not known while the script is written. */
  export type OperationMethod = (parameters?: Record<string, any>, options?: CallOptions) => Execution<any>;

  /** Of an operation that takes none. */
  export type NoParameters = Record<string, never>;

  /** The operations that are methods of the resource itself: those whose names it does not take. */
  export type OwnOperations<O> = Omit<O, keyof ResourceMembers | keyof Object | "toJSON">;

  // ---- Calls and executions -------------------------------------------------------------------------------------

  /** Options of a call. Durations are texts with units: "500ms", "30s", "1m 4s". */
  export interface CallOptions {
    /** How to look at the audit trail while waiting. */
    poll?: PollPolicyInput;
    /** Of the operation, from its claim by a worker. Default: the operation's own. */
    timeout?: string;
    /** 0 is first, 200 last. Default "normal" (100). */
    priority?: "max" | "high" | "medium" | "normal" | "low" | "min" | number;
    /** When to start: a time with its offset ("2026-03-01T04:00:00Z"), a Date, or "+5m". Default: at once. */
    at?: string | Date;
    /** Instead of the resource's zone. */
    zone?: string;
    /** On this worker and no other. */
    worker?: string;
    /** Start only after these entries ended as asked. */
    after?: DependencyInput | DependencyInput[];
    /** Refuse or end it when no live worker can take it for that long; true = "30s", false = never. */
    requireWorker?: boolean | string;
    /** Two calls with one key are one entry. */
    idempotencyKey?: string;
    /** Shown in the history. */
    note?: string;
  }

  /** Options of a request: of an operation of a group. */
  export interface RequestOptions extends CallOptions {
    /** Tasks at once: a number, or a share of them ("25%", rounded up). Default all. */
    concurrency?: number | string;
    /** "given" (default: a group's list as listed, else as the resources were added), "name", "reverse" or "random". */
    order?: "given" | "name" | "reverse" | "random";
    /** When a task fails, those that have not started are canceled. Default false. */
    haltOnFailure?: boolean;
    /** How many tasks must succeed: a number, or a share of them ("95%", rounded up). Default all. */
    minSuccess?: number | string;
    /** All tasks on one worker, one after the other, in order. Default false. */
    serial?: boolean;
    /** A group without members is a success. Default false. */
    allowEmpty?: boolean;
  }

  /** The result of a request, also of one that failed: `entry.result`. */
  export interface RequestResult {
    total: number;
    /** How many had to succeed. */
    minSuccess: number;
    counts: Record<TerminalStatus, number>;
    /** In the tasks' order. */
    tasks: TaskOutcome[];
  }
  /** How one target fared. */
  export interface TaskOutcome {
    /** Id of the task's entry. */
    entry: number;
    /** Name of the resource. */
    resource: string | null;
    status: TerminalStatus;
    /** Its message has at most 500 characters; the whole error is the task's. */
    error?: EntryError;
    /** At most 4,096 characters of JSON, and 1 MB of all; a larger one is only in the task's entry. */
    result?: any;
    /** There is a result, but it is not repeated here. */
    resultLeftOut?: true;
  }

  export type DependencyTarget = number | Entry | { readonly submitted: PromiseLike<Entry> };
  /** Default of `on` is "success". */
  export type DependencyInput = DependencyTarget | { entry: DependencyTarget; on?: "success" | "failure" | "any" };

  /** How a wait looks at the audit trail. */
  export interface PollPolicyInput {
    /** Before each look. Default "1s". */
    delay?: string;
    /** Looks at most; Infinity (or "infinite") = until it ends. Default Infinity. */
    limit?: number | "infinite";
    /** Factor on the delay after each look, from 1. Default 1. */
    backoff?: number;
    /** The longest delay that backoff may reach. Default: no cap. */
    maxDelay?: string;
    /** Share of each delay that is random, 0 to 1. Default 0. */
    jitter?: number;
    /** Bound on the whole wait. Default: none. */
    waitTimeout?: string;
    /** "throw" PollLimitReached (default) or "return" the entry as it stands. The operation goes on either way. */
    onLimit?: "throw" | "return";
  }

  /**
   * One invocation of an operation. Being thenable, an async function that returns one waits for the work: return
   * `{ execution }` or `execution.id` instead.
   */
  export interface Execution<R = any> extends PromiseLike<R> {
    /** The audit entry's id; undefined until it is filed. */
    readonly id: number | undefined;
    /** As last read; undefined until it is filed. */
    readonly status: Status | undefined;
    /** The entry as filed. Rejects with what refused the call; then nothing was filed. */
    readonly submitted: Promise<Entry>;
    /** "web-1 restart" */
    readonly subject: string;
    /** The script's line that made the call, e.g. "deploy.ts:12:7". */
    readonly location: string | undefined;
    /** The entry when it ended, whatever its status. @throws PollLimitReached */
    outcome(poll?: PollPolicyInput): Promise<Entry>;
    /** Asks the server to cancel it. @throws WilcoError `already_ended`. */
    cancel(options?: CancelOptions): Promise<Entry>;
    /** Files the same call anew, as an entry that names this one. */
    retry(): Execution<R>;
    /** The lines it writes, from the first, live or after the fact. */
    output(options?: OutputOptions): AsyncGenerator<string, void, undefined>;
    /** Every audit event, from the first, live or after the fact. */
    events(): AsyncGenerator<EntryEvent, void, undefined>;
    /** Lets go of it: its failure does not fail the script. @returns the entry as filed. */
    detach(): Promise<Entry>;
    catch<T = never>(onRejected?: ((reason: unknown) => T | PromiseLike<T>) | null): Promise<R | T>;
    finally(onFinally?: (() => void) | null): Promise<R>;
    /** "web-1 restart (entry 1042, running)" */
    toString(): string;
  }

  export interface CancelOptions {
    /** End the entry without its worker's answer. */
    force?: boolean;
    /** Shown in the history. */
    reason?: string;
  }

  export interface OutputOptions {
    /** Only this stream. Default: both, in the order they were written. */
    stream?: "stdout" | "stderr";
  }

  // ---- The audit trail ------------------------------------------------------------------------------------------

  export const history: History;

  export interface History {
    /** @throws WilcoError `unknown_entry` when it is awaited. */
    get(id: number): EntryHandle;
    /** Entries, newest first, at most `limit` (default 100). */
    find(query?: HistoryQuery): Promise<EntryList>;
    /**
     * What the entry belongs to in the end, with everything in it: the tasks of requests, the calls of scripts, and
     * what repeats an entry. The same from any of its members.
     * @throws WilcoError `unknown_entry`.
     */
    tree(id: number | Entry): Promise<EntryTree>;
    /** The entry when it ended, whatever its kind and status. @throws PollLimitReached */
    wait(target: number | Entry | Execution, poll?: PollPolicyInput): Promise<Entry>;
  }

  /** Results and parameters of more than 4,096 characters are left out: null, `{}`. */
  export interface EntryNode extends Entry {
    /** The tasks of a request, the calls of a script. */
    children: EntryNode[];
    /** Entries that repeat this one, and have no place below a request or script of this tree. */
    retries: EntryNode[];
  }

  /** From the entry that all of it began with. */
  export interface EntryTree extends EntryNode {
    /** true: there is more than could be shown. */
    truncated: boolean;
  }

  export type EntryList = Entry[] & {
    /**
     * A chart of these entries, which draws itself where it is printed.
     * @param subject how many of each "status" (default), "operation" or "resource"; how many over "time" (by their
     * creation, in UTC); how many seconds each "took", from the oldest to the newest.
     */
    chart(subject?: "status" | "time" | "took" | "operation" | "resource"): Chart;
  };

  /** `await` reads the entry; its methods need no read first: `history.get(1042).cancel()`. */
  export interface EntryHandle extends PromiseLike<Entry> {
    readonly id: number;
    cancel(options?: CancelOptions): Promise<Entry>;
    /** Files the same call anew. @returns the new entry. */
    retry(): Promise<Entry>;
    /** As `history.wait(id, poll)`. */
    wait(poll?: PollPolicyInput): Promise<Entry>;
    output(options?: OutputOptions): AsyncGenerator<string, void, undefined>;
    events(): AsyncGenerator<EntryEvent, void, undefined>;
  }

  export interface HistoryQuery {
    status?: Status | Status[];
    resource?: string | number;
    operation?: string;
    kind?: EntryKind;
    requestedBy?: string;
    /** Also the checks and metrics that wilco files by itself. Default false. */
    automatic?: boolean;
    parent?: number;
    since?: string;
    until?: string;
    order?: "newest" | "oldest";
    /** At most this many; default 100. */
    limit?: number;
  }

  export type TerminalStatus = "succeeded" | "failed" | "timed_out" | "canceled" | "lost";
  export type Status = "scheduled" | "blocked" | "queued" | "running" | "canceling" | TerminalStatus;
  export type EntryKind = "operation" | "configuration" | "deployment" | "discovery" | "script" | "request";

  /** Times are ISO 8601 in UTC with milliseconds; durations are whole milliseconds. */
  export interface Entry {
    id: number;
    kind: EntryKind;
    status: Status;
    resource: { id: number; name: string; type: string } | null;
    operation: string | null;
    parameters: Record<string, any>;
    result: any;
    error: EntryError | null;
    /** The name of the token that asked. */
    requestedBy: string;
    /** wilco filed it by itself, to look at the resource. */
    automatic: boolean;
    note: string | null;
    /** "zone/role" or "worker/NAME". */
    route: string;
    priority: number;
    exclusive: boolean;
    parent: number | null;
    retryOf: number | null;
    after: Array<{ entry: number; on: "success" | "failure" | "any" }>;
    /** Name of the worker that runs it or ran it last. */
    worker: string | null;
    attempt: number;
    progress: { done: number; total: number | null; text: string | null } | null;
    /** ms from claim to deadline. */
    timeout: number;
    /** Something a person should know at once, e.g. that no live worker serves the route. */
    warning: string | null;
    createdAt: string;
    /** When it is (was) due, for scheduled entries. */
    deliverAt: string | null;
    queuedAt: string | null;
    startedAt: string | null;
    finishedAt: string | null;
    /** When the current or last lease was last renewed by its worker. */
    workerSeenAt: string | null;
    /** The number of its newest event; grows with every change. */
    lastEvent: number;
    /** Only for requests: what they were asked for, as a selector ("group=web"), at most 200 characters. */
    targets: string | null;
    /** Only for requests: how many tasks are in which status. */
    tasks: Partial<Record<Status, number>> | null;
  }

  /** Why an entry did not succeed. `source` says whose fault: the work's, or wilco's. */
  export interface EntryError {
    code: string;
    message: string;
    source: "operation" | "system";
    hint?: string;
    details?: any;
  }

  /** One line of an entry's append-only log; `seq` counts 1, 2, 3 … without gaps. */
  export interface EntryEvent {
    seq: number;
    at: string;
    type: EventType;
    /** The attempt it belongs to; 0 before the first claim. */
    attempt: number;
    data: Record<string, any>;
  }
  export type EventType =
    | "submitted"
    | "scheduled"
    | "blocked"
    | "queued"
    | "claimed"
    | "progress"
    | "output"
    | "truncated"
    | "silent"
    | "requeued"
    | "cancel_requested"
    | "task_finished"
    | "finished";

  // ---- Errors ---------------------------------------------------------------------------------------------------

  /** Every error that wilco raises on purpose. */
  export class WilcoError extends Error {
    constructor(init: { code: ErrorCode; message: string; hint?: string; details?: unknown; cause?: unknown });
    readonly code: ErrorCode;
    /** One sentence: what to do about it. */
    readonly hint: string | undefined;
    readonly details: any;
    /** The HTTP status that it travels under. */
    readonly status: number;
    toBody(): { code: ErrorCode; message: string; hint?: string | undefined; details?: unknown };
    static fromBody(
      body: { code: ErrorCode; message: string; hint?: string | undefined; details?: unknown },
      cause?: unknown,
    ): WilcoError;
  }
  /** What an awaited execution throws. */
  export class ExecutionError extends WilcoError {
    constructor(code: ErrorCode, name: string, init: ExecutionErrorInit);
    /** The audit entry as last read. Undefined only when the call was interrupted before it was filed. */
    readonly entry: Entry | undefined;
    /** The last lines of the operation's output, at most 4,000 characters; "" when there is none. */
    readonly lastOutput: string;
  }
  export interface ExecutionErrorInit {
    message: string;
    hint?: string | undefined;
    entry: Entry | undefined;
    lastOutput?: string;
    cause?: unknown;
  }
  /** The entry ended as `failed`. `entry.error.source` says whether the work failed or wilco failed to run it. */
  export class OperationFailed extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** The entry ended as `canceled`. */
  export class OperationCanceled extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** The entry ended as `timed_out`: its own timeout, not the wait's. */
  export class OperationTimedOut extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** The entry ended as `lost`: its worker died; the work may have been done in part or in whole. */
  export class OperationLost extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** A request ended as `failed`: too few of its tasks succeeded. `entry.tasks` has the counts. */
  export class TargetsFailed extends ExecutionError {
    constructor(init: ExecutionErrorInit);
    /** How each target fared, in the order of the tasks. */
    readonly targets: readonly TaskOutcome[];
  }
  /** The wait ended (limit or waitTimeout), the operation goes on. */
  export class PollLimitReached extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** The script was interrupted while it waited; the operation goes on. */
  export class Interrupted extends ExecutionError {
    constructor(init: ExecutionErrorInit);
  }
  /** The error of `assert`. */
  export class AssertionFailed extends Error {
    override readonly name: "AssertionFailed";
  }

  /** A file that can't be read, or a request that got no whole answer. */
  export class AccessFailed extends Error {
    constructor(message: string, hint?: string);
    override readonly name: "AccessFailed";
    readonly hint: string | undefined;
  }

  // ---- The script and what is around it -------------------------------------------------------------------------

  /** What the command line has after the file. */
  export const args: ScriptArguments;

  export interface ScriptArguments extends ReadonlyArray<string> {
    /**
     * Reads `--name=value`, `--name value`, `--flag`, `--no-flag`; what has no name fills the names not given, in the
     * order of the specification. `--dry-run` is `dryRun`; after `--` nothing is a name.
     * @throws WilcoError `invalid_request`, which ends the run with exit code 2 when it is not caught.
     */
    parse<const S extends Record<string, ArgumentKind>>(specification: S): ParsedArguments<S>;
  }
  /** A kind ending in "?" may be missing. A boolean is false when missing. */
  export type ArgumentKind = "string" | "number" | "boolean" | "string?" | "number?" | "boolean?";
  export type ArgumentValue<K extends ArgumentKind> = K extends "string" | "string?"
    ? string
    : K extends "number" | "number?"
      ? number
      : boolean;
  export type ParsedArguments<S extends Record<string, ArgumentKind>> = {
    [N in keyof S]: S[N] extends "string?" | "number?" ? ArgumentValue<S[N]> | undefined : ArgumentValue<S[N]>;
  };

  /**
   * The variables that `--allow-env NAME` allows; undefined when one is not set.
   * @throws WilcoError `not_permitted` for one that was not allowed.
   */
  export const env: Readonly<Record<string, string | undefined>>;

  /**
   * Reads a file below a directory of `--allow-read DIR`, at most 8 MB. Relative paths start at the script's folder.
   * @param encoding "utf8" (default) and "base64" give a text, "bytes" the bytes.
   * @throws WilcoError `not_permitted`, `too_large`; AccessFailed when it can't be read.
   */
  export function readFile(path: string, encoding?: "utf8" | "base64"): Promise<string>;
  export function readFile(path: string, encoding: "bytes"): Promise<Uint8Array>;

  /**
   * One HTTP request to a host of `--allow-net HOST[:PORT]`. Redirects are followed, at most 5, and each is checked again.
   * @throws WilcoError `not_permitted`, `too_large` (over 8 MB); AccessFailed without a whole answer.
   */
  export function fetch(url: string | URL, options?: FetchOptions): Promise<FetchResponse>;

  export interface FetchOptions {
    /** Default "GET". */
    method?: string;
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    /** "follow" (default), "manual" gives the redirecting answer itself, "error" refuses it. */
    redirect?: "follow" | "manual" | "error";
    /** Of the whole, its body included: "500ms" to "5m". Default "30s". */
    timeout?: string;
  }
  export interface FetchResponse {
    /** The status is 200 to 299. */
    readonly ok: boolean;
    readonly status: number;
    readonly statusText: string;
    /** Of the last request. */
    readonly url: string;
    readonly redirected: boolean;
    readonly headers: FetchHeaders;
    text(): Promise<string>;
    json(): Promise<any>;
    bytes(): Promise<Uint8Array>;
    arrayBuffer(): Promise<ArrayBuffer>;
  }
  /** Names in any case. */
  export interface FetchHeaders extends Iterable<[string, string]> {
    get(name: string): string | null;
    has(name: string): boolean;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
  }

  /** Much of Node's console: log, info and debug go to stdout, the rest to stderr. Also a global. */
  export const console: ScriptConsole;
  export interface ScriptConsole {
    log(...values: unknown[]): void;
    info(...values: unknown[]): void;
    debug(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
    trace(...values: unknown[]): void;
    dir(value: unknown, options?: { depth?: number }): void;
    table(rows: unknown, columns?: string[]): void;
    assert(condition: unknown, ...values: unknown[]): void;
    group(...values: unknown[]): void;
    groupEnd(): void;
    count(label?: string): void;
    countReset(label?: string): void;
    time(label?: string): void;
    timeLog(label?: string, ...values: unknown[]): void;
    timeEnd(label?: string): void;
  }

  /** Notes for the person who watches, on stderr, so that stdout stays what was asked for. */
  export const log: {
    (...values: unknown[]): void;
    info(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
  };
  /** Waits. @param duration with a unit: "500ms", "2s". */
  export function sleep(duration: string): Promise<void>;
  /** Prints rows as a table on stdout. @param columns which keys, in this order; default all. */
  export function table(rows: unknown, columns?: string[]): void;
  /** @throws AssertionFailed unless `condition` is truthy. */
  export function assert(condition: unknown, message?: string | Error): asserts condition;
  /** A sparkline of numbers, drawn when it is printed. @throws WilcoError `invalid_request` for anything else. */
  export function chart(values: readonly number[]): Chart;
  export interface Chart {
    /** "bars": a line for each point. "sparkline": one line for all of them. */
    readonly style: "bars" | "sparkline";
    readonly points: ReadonlyArray<{ label: string; value: number }>;
    /** The drawing. */
    toString(): string;
  }
  /**
   * Ends the script here: no `finally` block runs, nothing more is submitted.
   * @param code 0 (default), or 10 to 99: the others have meanings of wilco's own.
   */
  export function exit(code?: number): never;
  /**
   * A file for a parameter that is content: `deploy(file("dist/app.tgz"), { version: "1.2.0" })`. It is sent when the
   * call is made, from below a directory of `--allow-read DIR`. Relative paths start at the script's folder.
   * @throws WilcoError `invalid_request`; the call that sends it `not_permitted`, `too_large`.
   */
  export function file(path: string): ContentFile;

  /** A file, or content that the server has. */
  export type FileContent = ContentFile | { sha256: string; size?: number; name?: string };

  export class ContentFile {
    constructor(path: string);
    /** As written. */
    readonly path: string;
    toJSON(): { file: string };
  }
  /**
   * The value of a stored secret (`wilco secrets set NAME`). It is masked in what the script prints, and in the
   * parameters, output, results and errors of what it submits from then on.
   * @throws WilcoError `unknown_secret`, `forbidden` (a viewer's token), `not_permitted` (a limited script).
   */
  export function secret(name: string): string;

  export type ErrorCode =
    | "invalid_request"
    | "invalid_parameters"
    | "invalid_policy"
    | "invalid_selector"
    | "invalid_inventory"
    | "idempotency_mismatch"
    | "too_large"
    | "content_mismatch"
    | "unknown_resource"
    | "unknown_operation"
    | "unknown_type"
    | "unknown_group"
    | "unknown_entry"
    | "unknown_worker"
    | "unknown_token"
    | "unknown_secret"
    | "unknown_content"
    | "unknown_route"
    | "ambiguous_binding"
    | "resource_disabled"
    | "unauthenticated"
    | "forbidden"
    | "conflict"
    | "content_in_use"
    | "precondition_failed"
    | "already_ended"
    | "lease_lost"
    | "chunks_missing"
    | "session_ended"
    | "worker_name_taken"
    | "version_mismatch"
    | "no_worker"
    | "expired"
    | "unavailable"
    | "unreachable"
    | "internal"
    | "storage_full"
    | "data_directory_in_use"
    | "data_directory_unusable"
    | "database_newer"
    | "database_unusable"
    | "operation_failed"
    | "operation_canceled"
    | "operation_timed_out"
    | "operation_lost"
    | "targets_failed"
    | "poll_limit_reached"
    | "interrupted"
    | "script_invalid"
    | "script_failed"
    | "script_limit"
    | "import_refused"
    | "not_permitted";
}
