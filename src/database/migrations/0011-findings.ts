/** Why a finding could not be taken by its rule; and the few resources that have a rule. */
import type { Migration } from "../migrate.ts";

export const findings: Migration = {
  number: 11,
  name: "findings",
  statements: () => [
    `ALTER TABLE finding ADD COLUMN problem text`,
    `CREATE INDEX resource_take_found ON resource (id) WHERE take_found IS NOT NULL`,
  ],
};
