/** The resource types that every worker brings. */
import { dockerContainerType, dockerType } from "./docker/types.ts";
import { hostType } from "./host.ts";
import { httpType } from "./http.ts";
import { createProcessType } from "./process/type.ts";
import { postgresType } from "./postgres/type.ts";
import type { ResourceTypeDefinition } from "./sdk.ts";
import { systemdType } from "./systemd/type.ts";

export const builtinTypes: ResourceTypeDefinition[] = [
  hostType,
  createProcessType(),
  httpType,
  dockerType,
  dockerContainerType,
  systemdType,
  postgresType,
];
