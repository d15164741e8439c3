import type { JsonObject } from "../../core/json.ts";
import type { Sql } from "../../database/database.ts";
import type { Finding, FindingLevel } from "../../domain/doctor.ts";
import type { QueueSettings } from "../context.ts";

/** What every check works with. */
export interface Examination {
  sql: Sql;
  settings: QueueSettings;
  /** By the database's clock, ms. */
  now: number;
}

export function finding(
  level: FindingLevel,
  code: string,
  message: string,
  hint: string,
  more: { commands?: string[]; details?: JsonObject } = {},
): Finding {
  return { level, code, message, hint, commands: more.commands ?? [], details: more.details ?? {} };
}
