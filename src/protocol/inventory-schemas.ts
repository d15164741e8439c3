/** TypeBox schemas of what is asked of the inventory, and of documents that change it. */
import { Type, type Static } from "typebox";
import { FINDING_STATUSES } from "../domain/finding.ts";
import { closed, id, jsonObject, LIMITS, name, page, storable, text } from "./schema-parts.ts";

export const ResourcesQuerySchema = Type.Object(
  {
    ...page,
    selector: Type.Optional(Type.String({ maxLength: 8_192 })),
    parent: Type.Optional(Type.String({ maxLength: 256 })),
  },
  closed,
);

export const GroupsQuerySchema = Type.Object(
  { sizes: Type.Optional(Type.Boolean({ default: false, description: "with how many members each has now" })) },
  closed,
);

export const FindingsQuerySchema = Type.Object(
  {
    status: Type.Optional(Type.Union(FINDING_STATUSES.map((status) => Type.Literal(status)))),
    under: Type.Optional(Type.String({ maxLength: 256, description: "the resource whose discovery found it" })),
    after: Type.Optional(Type.Integer({ minimum: 0, description: "`next` of the page before" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 100 })),
  },
  closed,
);

const findings = Type.Array(id, { minItems: 1, maxItems: 10_000, description: "ids of findings" });
export const TakeFindingsSchema = Type.Object(
  { findings, dryRun: Type.Optional(Type.Boolean({ default: false, description: "only the plan" })) },
  closed,
);
export const IgnoreFindingsSchema = Type.Object({ findings }, closed);

export const ExportQuerySchema = Type.Object({ selector: Type.Optional(Type.String({ maxLength: 8_192 })) }, closed);
const range = {
  since: Type.Optional(Type.String({ maxLength: 64, description: 'ISO 8601, or how long ago: "1h"' })),
  until: Type.Optional(Type.String({ maxLength: 64, description: "ISO 8601, or how long ago; default now" })),
};

export const AvailabilityQuerySchema = Type.Object(
  {
    ...range,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 200, description: "changes, the newest" }),
    ),
  },
  closed,
);

export const MetricsQuerySchema = Type.Object(
  {
    ...range,
    name: Type.Optional(Type.String({ maxLength: 128, description: "of one metric; default all" })),
    points: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 240, description: "at most; samples between are averaged" }),
    ),
  },
  closed,
);

const interval = (description: string) =>
  Type.Union([Type.String({ maxLength: 64, description: `${description}; "10s", or "off"` }), Type.Null()]);

const resourceFields = {
  zone: Type.Optional(name("zone")),
  worker: Type.Optional(Type.Union([name("worker"), Type.Null()])),
  parent: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()])),
  description: Type.Optional(Type.Union([text(4_000, "description"), Type.Null()])),
  connection: Type.Optional(jsonObject),
  checkEvery: Type.Optional(interval("how often it is checked; null = as its type says")),
  metricsEvery: Type.Optional(interval("how often its metrics are kept; null = as its type says")),
  enabled: Type.Optional(
    Type.Boolean({ description: "false: not checked, and nothing but a check is filed for it; default: as it is" }),
  ),
  discovery: Type.Optional(
    Type.Union([Type.Object({ take: Type.String({ maxLength: 8_192, ...storable }) }, closed), Type.Null()], {
      description: "`take`: a selector of findings under it that are taken without a yes; default: as it is",
    }),
  ),
};

export const ResourceInputSchema = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 128 }),
    labels: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), text(1_000, "label"))),
    ...resourceFields,
  },
  closed,
);

/** What is named is changed; null takes a label, or a key of the connection, away. */
export const ResourcePatchSchema = Type.Object(
  {
    type: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    labels: Type.Optional(
      Type.Record(Type.String({ maxLength: 128 }), Type.Union([text(1_000, "label"), Type.Null()])),
    ),
    ...resourceFields,
  },
  closed,
);

/** An inventory document, as YAML gives it; the parts are validated by `inventory/` with positions in the document. */
export const InventorySchema = Type.Object(
  {
    types: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    resources: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    groups: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    merge: Type.Optional(
      Type.Boolean({
        default: false,
        description: "keys of a resource that the document does not have stay as they are",
      }),
    ),
    prune: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256, ...storable }), {
        maxItems: 10_000,
        description: "names and globs: what matches one of them and is not in the document is removed",
      }),
    ),
    dryRun: Type.Optional(Type.Boolean({ default: false, description: "only the plan" })),
  },
  closed,
);

export type ResourcesQuery = Static<typeof ResourcesQuerySchema>;
export type FindingsQuery = Static<typeof FindingsQuerySchema>;
export type TakeFindings = Static<typeof TakeFindingsSchema>;
export type IgnoreFindings = Static<typeof IgnoreFindingsSchema>;
export type ExportQuery = Static<typeof ExportQuerySchema>;
export type AvailabilityQuery = Static<typeof AvailabilityQuerySchema>;
export type MetricsQuery = Static<typeof MetricsQuerySchema>;
export type GroupsQuery = Static<typeof GroupsQuerySchema>;
export type ResourceInput = Static<typeof ResourceInputSchema>;
export type ResourcePatch = Static<typeof ResourcePatchSchema>;
export type InventoryDocument = Static<typeof InventorySchema>;
