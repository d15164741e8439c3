/** What the end of an entry changes beside it, in the same transaction. */
import type { Transaction } from "../../database/database.ts";
import type { End } from "../ends.ts";
import type { Locked } from "../locked.ts";
import { recordAvailability } from "./availability.ts";
import { recordConfigurations } from "./configuration.ts";
import { recordDeployments } from "./deployments.ts";
import { recordDiscoveries } from "./discovery.ts";
import { recordMetrics } from "./metrics.ts";

/**
 * Called for every end, before the entries are ended and with their locks held. An effect looks at operation and kind
 * first: where no entry of its own ends, it asks the database nothing. What an entry's result is to say more, is added
 * to its end.
 */
export async function recordEffects(tx: Transaction, locked: Locked, ends: readonly End[]): Promise<void> {
  recordAvailability(tx, locked, ends);
  recordMetrics(tx, locked, ends);
  await recordDeployments(tx, locked, ends);
  const succeeded = ends.filter(({ status }) => status === "succeeded");
  const ofKind = (kind: string) => succeeded.filter(({ id }) => locked.get(id)?.kind === kind);
  await recordDiscoveries(tx, locked, ofKind("discovery"));
  await recordConfigurations(tx, ofKind("configuration"));
}
