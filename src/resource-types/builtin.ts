/** The resource types that every worker brings. */
import { hostType } from "./host.ts";
import { httpType } from "./http.ts";
import { createProcessType } from "./process/type.ts";
import type { ResourceTypeDefinition } from "./sdk.ts";

export const builtinTypes: ResourceTypeDefinition[] = [hostType, createProcessType(), httpType];
