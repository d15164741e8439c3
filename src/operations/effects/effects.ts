/** What the end of an execution changes beside its entry, in the same transaction. */
import type { Transaction } from "../../database/database.ts";
import type { End } from "../end.ts";
import { recordAvailability } from "./availability.ts";

/** Before the entries are ended, with their locks held. */
export function recordEffects(tx: Transaction, ends: readonly End[]): void {
  recordAvailability(tx, ends);
}
