/** What the end of an execution changes beside its entry, in the same transaction. */
import type { Transaction } from "../../database/database.ts";
import type { End } from "../end.ts";
import type { Locked } from "../locked.ts";
import { recordAvailability } from "./availability.ts";
import { recordConfigurations } from "./configuration.ts";

/** Before the entries are ended, with their locks held. What an entry's result is to say more, is added to its end. */
export async function recordEffects(tx: Transaction, locked: Locked, ends: readonly End[]): Promise<void> {
  recordAvailability(tx, ends);
  const succeeded = ends.filter(({ status }) => status === "succeeded");
  const ofKind = (kind: string) => succeeded.filter(({ id }) => locked.get(id)?.kind === kind);
  await recordConfigurations(tx, ofKind("configuration"));
}
