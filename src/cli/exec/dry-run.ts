/** `exec --dry-run`: everything that would be asked and checked, nothing that would be submitted. */
import type { Api } from "../../client/api.ts";
import { withoutSecrets } from "../../client/submit-once.ts";
import { WilcoError } from "../../core/errors.ts";
import { DEFAULT_PRIORITY } from "../../domain/priority.ts";
import { bindingOf, routeOf, routesServedBy } from "../../domain/route.ts";
import type { Worker } from "../../domain/worker.ts";
import type { Context } from "../context.ts";
import type { FilingOptions } from "../filing-flags.ts";
import { EXIT } from "../exit-codes.ts";
import { printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import type { TargetCall } from "../request-flags.ts";
import type { OperationTarget } from "../targets.ts";

interface Planned {
  resource: string;
  type: string;
  operation: string;
  /** Without secret ones. */
  parameters: Record<string, unknown>;
  exclusive: boolean;
  route: string;
  /** Live workers that would take it. */
  workers: string[];
}

export interface DryRunOptions {
  context: Context;
  api: Pick<Api, "type" | "workers" | "entry">;
  targets: readonly OperationTarget[];
  calls: readonly TargetCall[];
  filing: FilingOptions;
}

/** 0 when all would be submitted and taken, 8 when no live worker would take some of it. @throws WilcoError `invalid_parameters`. */
export async function dryRun(options: DryRunOptions): Promise<number> {
  const { context, targets } = options;
  const { output } = context;
  const plan = await planOf(options);
  const columns: Array<Column<Planned>> = [
    { title: "resource", cell: (one) => one.resource, least: 12 },
    { title: "operation", cell: (one) => `${one.type}.${one.operation}`, least: 12 },
    { title: "route", cell: (one) => one.route, least: 12 },
    { title: "workers", cell: (one) => (one.workers.length === 0 ? "none" : one.workers.join(", ")), least: 8 },
    { title: "parameters", cell: (one) => JSON.stringify(one.parameters), least: 12, spare: 1 },
  ];
  await printList(output, plan, columns, "Nothing matches.");
  const untaken = plan.filter(({ workers }) => workers.length === 0);
  output.notice(
    `Nothing was submitted: this is what would be, on ${targets.length} ${targets.length === 1 ? "resource" : "resources"}.`,
  );
  if (untaken.length === 0) return EXIT.succeeded;
  const routes = [...new Set(untaken.map(({ route }) => route))].join(", ");
  output.warn(`${output.paintErr.yellow("note:")} no live worker serves ${routes}: see "wilco workers list".`);
  return options.filing.requireWorker === undefined ? EXIT.succeeded : EXIT.unclaimed;
}

async function planOf({ api, targets, calls, filing }: DryRunOptions): Promise<Planned[]> {
  const { createSchemaValidator } = await import("../../domain/schema.ts");
  const validator = createSchemaValidator();
  const { items } = await api.workers();
  const takers = items.filter((worker) => worker.state === "ready" && !worker.silent && takes(worker, filing.priority));
  // Whether they exist, as the submit would ask.
  for (const { entry } of filing.after ?? []) await api.entry(entry);
  const roles = new Map<string, string>();
  const plan: Planned[] = [];
  for (const [index, { resource, operation }] of targets.entries()) {
    const { parameters } = calls[index]!;
    const what = `the parameters of ${resource.name} ${operation.name}`;
    const checked = validator.parse(operation.parameters, parameters, { what });
    if (!roles.has(resource.type)) roles.set(resource.type, (await api.type(resource.type)).role);
    const route = routeOf({
      zone: filing.zone ?? resource.zone,
      role: operation.role ?? roles.get(resource.type)!,
      worker: bindingOf(resource, filing.worker),
    });
    plan.push({
      resource: resource.name,
      type: resource.type,
      operation: operation.name,
      parameters: withoutSecrets(operation.parameters, checked),
      exclusive: operation.exclusive,
      route,
      workers: takers.filter((worker) => routesServedBy(worker).includes(route)).map(({ name }) => name),
    });
  }
  return plan;
}

function takes({ band }: Worker, priority: number = DEFAULT_PRIORITY): boolean {
  return priority >= band.min && priority <= band.max;
}

/** @throws WilcoError `invalid_request` for what would have no effect without a submit. */
export function requireDryRunAlone(flags: { wait: boolean; idempotencyKey?: string; report?: string[] }): void {
  const other = !flags.wait ? "--no-wait" : flags.report ? "--report" : undefined;
  if (other === undefined) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `--dry-run and ${other} exclude each other`,
    hint: "A dry run submits nothing, so there is nothing to wait for or to report.",
  });
}
