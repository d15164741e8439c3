/** `wilco apply FILE` */
import { WilcoError } from "../../core/errors.ts";
import type { ApplyAnswer, InventoryDocument } from "../../protocol/messages.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { readPlacedInventory } from "../inventory-file.ts";
import { showPlan } from "../output/plan.ts";
import { openRemote, type Remote } from "../remote.ts";
import { sendPlan } from "../send-plan.ts";
import { withPlaces } from "../../core/yaml-places.ts";

export interface ApplyFlags {
  dryRun?: boolean;
  /** Each with one or more names and globs, joined by commas. */
  prune?: string[];
  yes?: boolean;
}

export async function applyCommand(context: Context, file: string, flags: ApplyFlags): Promise<number> {
  const { document, named, placeOf } = await readPlacedInventory(context, file);
  const prune = flags.prune?.flatMap((names) => names.split(",")).map((name) => name.trim());
  const remote = await openRemote(context);
  // As an interrupted download or a wrong path looks: it must not pass for an inventory that is as it should be.
  if (Object.values(document).every((part) => Object.keys(part as object).length === 0))
    context.output.notice(`${context.output.paintErr.yellow("note:")} ${named} names no type, resource or group`);
  const whole = { ...document, ...(prune ? { prune } : {}) };
  return withPlaces(named, placeOf, () => applyDocument(context, remote, whole, flags));
}

/** Applies what a command made or read, and prints the plan. */
export async function applyDocument(
  context: Context,
  remote: Remote,
  document: InventoryDocument,
  { dryRun, yes }: Pick<ApplyFlags, "dryRun" | "yes">,
): Promise<number> {
  const { api, connection } = remote;
  const agreed = dryRun === true ? { document } : await agreedRemovals(context, remote, document, yes === true);
  if (!agreed) return EXIT.wrongUse;
  const whole = { ...agreed.document, dryRun: dryRun === true };
  return sendPlan(context, connection.url, () => api.apply(whole), agreed.shown);
}

/**
 * What is removed is asked for, by the names that were shown: what came to match a glob in the meantime stays.
 * @returns undefined when the person said no.
 */
async function agreedRemovals(
  context: Context,
  { api, connection }: Remote,
  document: InventoryDocument,
  yes: boolean,
): Promise<{ document: InventoryDocument; shown?: ApplyAnswer } | undefined> {
  if (yes || document.prune === undefined) return { document };
  const plan = await api.apply({ ...document, dryRun: true });
  const removed = plan.changes.filter(({ action }) => action === "remove");
  if (removed.length === 0) return { document };
  if (!context.output.interactive || !process.stdin.isTTY) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${removed.length === 1 ? `${removed[0]!.what} ${removed[0]!.name}` : `${removed.length} things`} would be removed, and nobody is there to say yes`,
      hint: "Look at the plan with --dry-run, then repeat it with --yes.",
    });
  }
  showPlan(context.output, plan);
  const what = removed.length === 1 ? "what is marked with -" : `the ${removed.length} things marked with -`;
  const question = `Remove ${what} from ${connection.url}, and apply the rest?`;
  if (!(await confirm(context, question))) return undefined;
  return { document: { ...document, prune: [...new Set(removed.map(({ name }) => name))] }, shown: plan };
}
