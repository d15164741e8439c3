/** `wilco queue paused`, `pause` and `resume` */
import { parseRoute } from "../../domain/route.ts";
import type { PausedRoute } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";

export interface PauseFlags {
  reason?: string;
  unserved?: boolean;
}

export async function listPaused(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.pausedRoutes();
  await printList(context.output, items, pausedColumns(context.output.utc), "No route is paused.");
  return EXIT.succeeded;
}

export async function pauseCommand(context: Context, route: string, flags: PauseFlags): Promise<number> {
  parseRoute(route);
  const { api } = await openRemote(context);
  const { already, ...paused } = await api.pauseRoute({
    route,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.unserved === true ? { unserved: true } : {}),
  });
  const { output } = context;
  await printDocument(output, paused, () => "");
  output.notice(
    already
      ? `${route} is paused already, by ${describePause(paused, output.utc)}; that pause stands.`
      : `${route} is paused: what runs goes on, nothing more is claimed. Resume it with: wilco queue resume ${route}`,
  );
  return EXIT.succeeded;
}

export async function resumeCommand(context: Context, route: string): Promise<number> {
  parseRoute(route);
  const { api } = await openRemote(context);
  const ended = await api.resumeRoute({ route });
  const { output } = context;
  await printDocument(output, ended, () => "");
  output.notice(`${route} is resumed; it was paused by ${describePause(ended, output.utc)}.`);
  return EXIT.succeeded;
}

function describePause({ pausedBy, pausedAt, reason }: PausedRoute, utc: boolean): string {
  return `${pausedBy} since ${formatTime(pausedAt, utc)}${reason === null ? "" : ` (${reason})`}`;
}

function pausedColumns(utc: boolean): Array<Column<PausedRoute>> {
  return [
    { title: "route", cell: (paused) => paused.route, least: 12 },
    { title: "since", cell: (paused) => formatTime(paused.pausedAt, utc), least: Infinity },
    { title: "by", cell: (paused) => paused.pausedBy, spare: 1 },
    { title: "reason", cell: (paused) => paused.reason ?? "", wrap: true },
  ];
}
