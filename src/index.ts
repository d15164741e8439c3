/** The public API of wilco for Node programs. In a script, `import … from "wilco"` gives the script API instead. */
export { connect } from "./client/connect.ts";
export { ContentFile, file } from "./client/content-file.ts";
export type { Client, ConnectOptions } from "./client/connect.ts";
export type { Dispatch, HttpAnswer, HttpRequest } from "./client/dispatch.ts";
export {
  ExecutionError,
  Interrupted,
  locationOf,
  OperationCanceled,
  OperationFailed,
  OperationLost,
  OperationTimedOut,
  PollLimitReached,
  TargetsFailed,
} from "./client/errors.ts";
export { createExecutionTracker } from "./client/execution-tracker.ts";
export type { ExecutionTracker, SettledExecution } from "./client/execution-tracker.ts";
export type { CancelOptions, Execution } from "./client/execution.ts";
export type { CallOptions, DependencyInput } from "./client/call-options.ts";
export type { EntryHandle, History } from "./client/history.ts";
export type { OutputOptions } from "./client/output.ts";
export type { HistoryQuery } from "./client/port.ts";
export type {
  DriftReport,
  LiveConfiguration,
  ResourceConfiguration,
  UpdateOptions,
} from "./client/resource-configuration.ts";
export type { DeploymentsQuery, RollbackOptions } from "./client/resource-deployments.ts";
export type { ResourceList } from "./client/resource-list.ts";
export type { Found, LookMode, OperationMethod, ResourceMembers, ResourceProxy } from "./client/resource-members.ts";
export type { ScriptApi } from "./client/script-api.ts";
export { WilcoError } from "./core/errors.ts";
export type { ErrorBody, ErrorCode } from "./core/errors.ts";
export type { Json, JsonObject } from "./core/json.ts";
export type {
  ConfigurationDifference,
  ConfigurationUpdated,
  ConfigurationVersion,
  KnownConfiguration,
} from "./domain/configuration.ts";
export type { Deployment, DeploymentStatus } from "./domain/deployment.ts";
export type { EntryNode, EntryTree } from "./domain/entry-tree.ts";
export type { Entry, EntryError, EntryEvent, EntryKind } from "./domain/entry.ts";
export type { PollPolicyInput } from "./domain/poll-policy.ts";
export type { Availability, Resource } from "./domain/resource.ts";
export type { SelectorQuery } from "./domain/selector.ts";
export type { Status } from "./domain/status.ts";
export { defineResourceType, OperationError, parametersOf } from "./resource-types/sdk.ts";
export type {
  Exec,
  ExecOptions,
  ExecResult,
  Handler,
  OperationContext,
  OperationInput,
  ResourceTypeDefinition,
  ResourceTypeInput,
} from "./resource-types/sdk.ts";
