/** Entries, resources and types as the server would show them. */
import { parseDuration } from "../../../src/core/durations.ts";
import type { Entry } from "../../../src/domain/entry.ts";
import type { Resource } from "../../../src/domain/resource.ts";
import {
  NO_PARAMETERS,
  type OperationDescriptor,
  type ResourceTypeDescriptor,
} from "../../../src/domain/resource-type.ts";

const START = Date.UTC(2026, 0, 1);

export function entryOf(fields: Partial<Entry> = {}): Entry {
  return {
    id: 1042,
    kind: "operation",
    status: "queued",
    resource: { id: 1, name: "web-1", type: "web-server" },
    operation: "restart",
    parameters: {},
    result: null,
    error: null,
    requestedBy: "admin",
    automatic: false,
    note: null,
    route: "default/automate",
    priority: 100,
    exclusive: true,
    parent: null,
    retryOf: null,
    after: [],
    worker: null,
    attempt: 0,
    progress: null,
    timeout: 3_600_000,
    warning: null,
    createdAt: new Date(START).toISOString(),
    deliverAt: null,
    queuedAt: new Date(START).toISOString(),
    startedAt: null,
    finishedAt: null,
    workerSeenAt: null,
    lastEvent: 1,
    targets: null,
    tasks: null,
    ...fields,
  };
}

export function resourceOf(fields: Partial<Resource> = {}): Resource {
  return {
    id: 1,
    name: "web-1",
    type: "web-server",
    zone: "default",
    worker: null,
    labels: { tier: "web" },
    parent: null,
    description: null,
    connection: {},
    availability: "up",
    availabilityAt: null,
    availabilitySince: null,
    availabilityReason: null,
    checkEvery: null,
    metricsEvery: null,
    version: 1,
    createdAt: new Date(START).toISOString(),
    updatedAt: new Date(START).toISOString(),
    ...fields,
  };
}

export function operationOf(name: string, fields: Partial<OperationDescriptor> = {}): OperationDescriptor {
  return {
    name,
    description: null,
    parameters: NO_PARAMETERS,
    result: null,
    timeout: parseDuration("1h"),
    exclusive: true,
    onLost: "lose",
    maxAttempts: 3,
    role: null,
    weight: 1,
    argv: null,
    poll: {},
    implementation: null,
    ...fields,
  };
}

export function typeOf(
  name: string,
  operations: OperationDescriptor[],
  fields: Partial<ResourceTypeDescriptor> = {},
): ResourceTypeDescriptor {
  return {
    name,
    description: null,
    version: "1",
    role: "automate",
    runsOn: "any",
    connection: {},
    configuration: null,
    check: null,
    operations: Object.fromEntries(operations.map((operation) => [operation.name, operation])),
    builtin: false,
    ...fields,
  };
}

/** restart (one boolean parameter), scale (one required integer), status, check; with three awkward names. */
export const webServer = typeOf(
  "web-server",
  [
    operationOf("restart", {
      parameters: {
        type: "object",
        properties: { graceful: { type: "boolean", default: true } },
        additionalProperties: false,
      },
    }),
    operationOf("scale", {
      parameters: {
        type: "object",
        properties: { count: { type: "integer" }, reason: { type: ["string", "null"] } },
        required: ["count"],
        additionalProperties: false,
      },
      poll: { delay: "500ms" },
    }),
    operationOf("status"),
    operationOf("check", { exclusive: false }),
    operationOf("history"),
    operationOf("then"),
    operationOf("constructor"),
  ],
  { check: "check" },
);
