/** One method for each call of the API that clients make (the worker protocol is the worker's). */
import type { ConfigurationDifference, ConfigurationVersion, KnownConfiguration } from "../domain/configuration.ts";
import type { Content } from "../domain/content.ts";
import type { DoctorAnswer } from "../domain/doctor.ts";
import type { Entry } from "../domain/entry.ts";
import type { EntryTree } from "../domain/entry-tree.ts";
import type { Finding } from "../domain/finding.ts";
import type { QueueStats } from "../domain/queue.ts";
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { MetricHistory } from "../domain/metrics.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { Setting } from "../domain/settings.ts";
import type { Why } from "../domain/why.ts";
import type {
  ApplyAnswer,
  AskWorkersRequest,
  CancelRequest,
  ContentAnswer,
  ContentQuery,
  ControlWorkersRequest,
  DeploymentsAnswer,
  DeploymentsQuery,
  EntriesAnswer,
  EntriesQuery,
  EventsAnswer,
  EventsQuery,
  ExportAnswer,
  FindingsAnswer,
  FindingsQuery,
  GroupsAnswer,
  GroupsQuery,
  IgnoreFindings,
  InventoryDocument,
  Me,
  OrdersAnswer,
  Page,
  PausedRoute,
  PausedRoutesAnswer,
  PauseAnswer,
  PauseRequest,
  PollAnswer,
  PollRequest,
  QueueAnswer,
  QueueQuery,
  ResourceInput,
  AvailabilityQuery,
  MetricsQuery,
  ResourcePatch,
  ResourcesAnswer,
  ResourcesQuery,
  ResumeRequest,
  RollbackAnswer,
  RollbackRequest,
  SecretValue,
  StoredSecret,
  ScriptAnswer,
  ScriptSource,
  ScriptSubmission,
  SubmitAnswer,
  TakeFindings,
  SubmitRequest,
  Token,
  TokenCreated,
  TokenInput,
  TypesAnswer,
  WorkersAnswer,
} from "../protocol/messages.ts";
import { paths } from "../protocol/paths.ts";
import type { Upload } from "./dispatch.ts";
import type { Transport } from "./transport.ts";

/** For calls that the server may hold, and for callers that repeat by themselves. */
export interface HeldOptions {
  signal?: AbortSignal;
  /** Instead of the transport's, ms; 0 = one attempt. */
  retryTime?: number;
}

/** More time for the answer to what may be a whole inventory, ms. */
const LARGE = 110_000;

export type Api = ReturnType<typeof createApi>;

export function createApi(transport: Transport) {
  const { request } = transport;
  return {
    /** Of the server, for messages. */
    url: transport.url,
    /** How long the transport repeats, ms. */
    retryTime: transport.retryTime,

    /** The OpenAPI document. */
    openapi: () => request<unknown>("GET", paths.openapi),
    health: (options: HeldOptions = {}) => request<unknown>("GET", paths.health, options),
    ready: (options: HeldOptions = {}) => request<unknown>("GET", paths.ready, options),
    me: (options: HeldOptions = {}) => request<Me>("GET", paths.me, options),

    /** Safe to repeat by its key; items without a key of their own are known by it and their index. */
    submit: (body: SubmitRequest, idempotencyKey: string) =>
      request<SubmitAnswer>("POST", paths.entries, { body, idempotencyKey }),
    poll: (body: PollRequest, options: HeldOptions = {}) =>
      request<PollAnswer>("POST", paths.poll, { ...options, body, readOnly: true, hold: body.wait }),
    entries: (query: EntriesQuery = {}) => request<EntriesAnswer>("GET", paths.entries, { query }),
    entry: (id: number) => request<Entry>("GET", paths.entry(id)),
    /** What it belongs to, with everything in it. */
    tree: (id: number) => request<EntryTree>("GET", paths.tree(id)),
    /** Why it does not run yet, or what it does. */
    why: (id: number, options: HeldOptions = {}) => request<Why>("GET", paths.why(id), options),
    events: (id: number, query: EventsQuery = {}, options: HeldOptions = {}) =>
      request<EventsAnswer>("GET", paths.events(id), { ...options, query, hold: query.wait }),
    cancel: (id: number, body: CancelRequest = {}) =>
      request<Entry>("POST", paths.cancel(id), { body, idempotent: true }),
    retry: (id: number, idempotencyKey: string) => request<Entry>("POST", paths.retry(id), { idempotencyKey }),

    submitScript: (body: ScriptSubmission, idempotencyKey: string) =>
      request<ScriptAnswer>("POST", paths.scripts, { body, idempotencyKey }),
    /** What was uploaded for the entry of a script. */
    script: (id: number) => request<ScriptSource>("GET", paths.script(id)),

    contents: (query: ContentQuery = {}) =>
      request<ContentAnswer>("GET", paths.contents, { query: { ...query, unused: query.unused ? "true" : undefined } }),
    /** Safe to repeat: the same bytes are one content. */
    putContent: (sha256: string, name: string, upload: Upload) =>
      request<Content>("PUT", paths.content(sha256), { query: { name }, upload, idempotent: true }),
    /** Its bytes, as they come. */
    readContent: (sha256: string) =>
      request<AsyncIterable<Uint8Array>>("GET", paths.content(sha256), { download: true }),
    removeContent: (sha256: string) => request<void>("DELETE", paths.content(sha256)),
    deployments: (ref: string | number, query: DeploymentsQuery = {}) =>
      request<DeploymentsAnswer>("GET", paths.deployments(ref), { query }),
    rollBack: (ref: string | number, body: RollbackRequest, idempotencyKey: string) =>
      request<RollbackAnswer>("POST", paths.rollback(ref), { body, idempotencyKey }),

    resources: (query: ResourcesQuery = {}, options: HeldOptions = {}) =>
      request<ResourcesAnswer>("GET", paths.resources, { ...options, query }),
    resource: (idOrName: string | number, options: HeldOptions = {}) =>
      request<Resource>("GET", paths.resource(idOrName), options),
    /** @param version of the resource it replaces, `undefined` for a new one. */
    putResource: (name: string, body: ResourceInput, version?: number) =>
      request<Resource>("PUT", paths.resource(name), { body, ifMatch: ifMatch(version) }),
    /** @param version that it was read with; without it the change is made to whatever there is. */
    patchResource: (name: string, body: ResourcePatch, version?: number) =>
      request<Resource>("PATCH", paths.resource(name), { body, ifMatch: ifMatch(version) }),
    availability: (idOrName: string | number, query: AvailabilityQuery = {}) =>
      request<AvailabilityHistory>("GET", paths.availability(idOrName), { query }),
    /** As they were kept; the operation `metrics` reads them live. */
    metricHistory: (idOrName: string | number, query: MetricsQuery = {}) =>
      request<MetricHistory>("GET", paths.metricHistory(idOrName), { query }),
    deleteResource: (name: string, version?: number) =>
      request<void>("DELETE", paths.resource(name), { ifMatch: ifMatch(version) }),
    /** What is known of it; the newest version unless another is named. */
    configuration: (idOrName: string | number, query: { version?: number } = {}) =>
      request<KnownConfiguration>("GET", paths.configuration(idOrName), { query }),
    configurationVersions: (idOrName: string | number, query: { cursor?: string; limit?: number } = {}) =>
      request<Page<ConfigurationVersion>>("GET", paths.configurationVersions(idOrName), { query }),
    configurationDifferences: (idOrName: string | number, query: { from: number; to: number }) =>
      request<{ items: ConfigurationDifference[] }>("GET", paths.configurationDifferences(idOrName), { query }),
    types: () => request<TypesAnswer>("GET", paths.types),
    type: (name: string, options: HeldOptions = {}) =>
      request<ResourceTypeDescriptor>("GET", paths.type(name), options),
    deleteType: (name: string) => request<void>("DELETE", paths.type(name)),
    deleteGroup: (name: string) => request<void>("DELETE", paths.group(name)),
    groups: (query: GroupsQuery = {}) => request<GroupsAnswer>("GET", paths.groups, { query }),
    /** A document of 100,000 resources takes seconds. */
    apply: (body: InventoryDocument) =>
      request<ApplyAnswer>("POST", paths.apply, { body, readOnly: body.dryRun === true, hold: LARGE }),
    findings: (query: FindingsQuery = {}) => request<FindingsAnswer>("GET", paths.discoveries, { query }),
    takeFindings: (body: TakeFindings) =>
      request<ApplyAnswer>("POST", paths.takeFindings, { body, readOnly: body.dryRun === true, hold: LARGE }),
    ignoreFindings: (body: IgnoreFindings) =>
      request<{ items: Finding[] }>("POST", paths.ignoreFindings, { body, idempotent: true }),
    exported: (selector = "") =>
      request<ExportAnswer>("GET", paths.exported, { query: selector === "" ? {} : { selector }, hold: LARGE }),

    settings: () => request<{ items: Setting[] }>("GET", paths.settings),
    /** @param value ms; null = the default. */
    changeSetting: (name: string, value: number | null) =>
      request<Setting>("PUT", paths.setting(name), { body: { value }, idempotent: true }),

    tokens: () => request<{ items: Token[] }>("GET", paths.tokens),
    createToken: (body: TokenInput) => request<TokenCreated>("POST", paths.tokens, { body }),
    revokeToken: (name: string) => request<Token>("DELETE", paths.token(name)),
    pausedRoutes: () => request<PausedRoutesAnswer>("GET", paths.pausedRoutes),
    /** Safe to repeat: the first pause stands. */
    pauseRoute: (body: PauseRequest) => request<PauseAnswer>("POST", paths.pauseRoute, { body, readOnly: true }),
    resumeRoute: (body: ResumeRequest) => request<PausedRoute>("POST", paths.resumeRoute, { body }),
    secrets: () => request<{ items: StoredSecret[] }>("GET", paths.secrets),
    secret: (name: string, options: HeldOptions = {}) => request<SecretValue>("GET", paths.secret(name), options),
    setSecret: (name: string, value: string) => request<StoredSecret>("PUT", paths.secret(name), { body: { value } }),
    removeSecret: (name: string) => request<void>("DELETE", paths.secret(name)),
    queue: (query: QueueQuery = {}) => request<QueueAnswer>("GET", paths.queue, { query }),
    queueStats: () => request<QueueStats>("GET", paths.queueStats),
    doctor: () => request<DoctorAnswer>("GET", paths.doctor),
    workers: () => request<WorkersAnswer>("GET", paths.workers),
    /** Held until all have answered or `body.wait` is over. */
    askWorkers: (body: AskWorkersRequest) =>
      request<OrdersAnswer>("POST", paths.askWorkers, { body, readOnly: true, hold: body.wait }),
    controlWorkers: (body: ControlWorkersRequest) =>
      request<OrdersAnswer>("POST", paths.controlWorkers, { body, hold: body.wait }),
  };
}

function ifMatch(version: number | undefined): string | undefined {
  return version === undefined ? undefined : `"${version}"`;
}
