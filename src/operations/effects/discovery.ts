/** What a discovery found is kept; a result that is nonsense fails the entry. */
import { isJsonObject, type Json } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import { recordFindings } from "../../inventory/record-findings.ts";
import type { End } from "../ends.ts";
import type { Locked } from "../locked.ts";

/** Problems that are told in the error of a discovery that found nothing usable. */
const SHOWN = 5;

/** @param ends of discoveries that succeeded; each result becomes what was kept, counted. */
export async function recordDiscoveries(tx: Transaction, locked: Locked, ends: readonly End[]): Promise<void> {
  for (const end of ends) {
    const resource = locked.get(end.id)?.resource ?? null;
    // Its resource was removed meanwhile: there is nothing to find anything under.
    if (resource === null) continue;
    const list = isJsonObject(end.result) ? end.result["resources"] : undefined;
    if (!Array.isArray(list)) {
      fail(end, "The discovery did not answer with { resources: [...] }", describe(end.result));
      continue;
    }
    const recorded = await recordFindings(tx, list, { entry: end.id, resource });
    if (recorded.found === 0 && recorded.problems.length > 0) {
      const told = recorded.problems.slice(0, SHOWN).map(({ path, message }) => `${path}: ${message}`);
      const more = recorded.problems.length > SHOWN ? `, and ${recorded.problems.length - SHOWN} more` : "";
      fail(end, `Nothing that the discovery found can be used: ${told.join("; ")}${more}`, recorded.problems as never);
    } else end.result = recorded as unknown as Json;
  }
}

function fail(end: End, message: string, details: Json): void {
  end.status = "failed";
  end.result = null;
  end.error = {
    code: "bad_findings",
    message,
    source: "operation",
    hint: 'A discovery answers { "resources": [{ "name": …, "type": …, "labels": {}, "connection": {} }] }.',
    details,
  };
}

function describe(result: Json | undefined): Json {
  return { got: result === undefined || result === null ? "nothing" : JSON.stringify(result).slice(0, 200) };
}
