/** TypeBox schemas of the content store. The bytes themselves have none: they are streams. */
import { Type, type Static } from "typebox";
import { closed, LIMITS, storable } from "./schema-parts.ts";
import { filing } from "./schemas.ts";

const hash = (description: string) => Type.String({ pattern: "^[0-9a-f]{64}$", description });
const fileName = Type.String({ minLength: 1, maxLength: 255, ...storable, description: "file name, without a path" });

export const ByHashSchema = Type.Object({ hash: hash("of all bytes, hexadecimal, lower case") });

export const PutContentSchema = Type.Object({ name: fileName }, closed);

export const PostContentSchema = Type.Object(
  {
    name: fileName,
    sha256: Type.Optional(hash("refused when something else arrives")),
    size: Type.Optional(Type.Integer({ minimum: 0, description: "bytes; refused when it is another number" })),
  },
  closed,
);

export const ContentQuerySchema = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
    sha256: Type.Optional(Type.String({ pattern: "^[0-9a-f]{1,64}$", description: "what the hash begins with" })),
    unused: Type.Optional(
      Type.Boolean({ description: "only what no deployment and no unfinished entry names", default: false }),
    ),
  },
  closed,
);

export const LeasedContentSchema = Type.Object(
  {
    entry: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "that names it" }),
    attempt: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    sha256: hash("of the content"),
  },
  closed,
);

export const DeploymentsQuerySchema = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 100 })),
    cursor: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })),
  },
  closed,
);

export const RollbackSchema = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: "to bring back; default: the one before the current" }),
    ),
    ...filing,
  },
  closed,
);

export type DeploymentsQuery = Static<typeof DeploymentsQuerySchema>;
export type RollbackRequest = Static<typeof RollbackSchema>;
export type LeasedContent = Static<typeof LeasedContentSchema>;
export type ContentQuery = Static<typeof ContentQuerySchema>;
export type PostContentQuery = Static<typeof PostContentSchema>;
