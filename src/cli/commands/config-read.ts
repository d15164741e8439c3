/** `wilco config get`, `history`, `diff` and `drift`: what is known of a configuration, and what the resource has. */
import { createNodePort } from "../../client/node-port.ts";
import type { ResourceConfiguration } from "../../client/resource-configuration.ts";
import { createScriptApi } from "../../client/script-api.ts";
import type { ConfigurationDifference, ConfigurationVersion } from "../../domain/configuration.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseCount } from "../numbers.ts";
import type { Colours } from "../output/colours.ts";
import { printDocument, printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";

export interface GetFlags {
  known?: boolean;
}

/** The settings on stdout, so that they can be edited and given back; what they are is on stderr. */
export async function getConfig(
  context: Context,
  name: string,
  versionText: string | undefined,
  flags: GetFlags,
): Promise<number> {
  const { output } = context;
  return withConfiguration(context, name, async (configuration) => {
    if (flags.known === true || versionText !== undefined) {
      const version = versionText === undefined ? undefined : parseCount(versionText, "the version");
      const found = await configuration.known(version);
      output.notice(
        found.version === 0
          ? `Nothing is known of the configuration of ${name} yet.`
          : `Version ${found.version}, by ${found.author} at ${formatTime(found.at, output.utc)}, entry ${found.entry ?? "-"}.`,
      );
      await printDocument(output, found, () => settings(found.configuration));
      return EXIT.succeeded;
    }
    const found = await configuration.get();
    output.notice(
      found.live === null
        ? found.version === 0
          ? `What ${name} has can't be read, and nothing is known of it yet.`
          : `What ${name} has can't be read; this is version ${found.version}, as it was set.`
        : `What ${name} has now, read by entry ${found.entry}; ${found.version === 0 ? "nothing is known of it yet" : `known is version ${found.version}`}.`,
    );
    await printDocument(output, found, () => settings(found.live ?? found.known));
    return EXIT.succeeded;
  });
}

export async function configHistory(context: Context, name: string, flags: { limit?: string }): Promise<number> {
  const { output } = context;
  const limit = parseCount(flags.limit ?? "50", "--limit");
  return withConfiguration(context, name, async (configuration) => {
    const versions = await configuration.history(limit);
    await printList(output, versions, columnsOf(output.utc), `The configuration of ${name} has no versions yet.`);
    return EXIT.succeeded;
  });
}

/** @param from default the version before `to`. @param to default the newest. */
export async function diffConfig(context: Context, name: string, from?: string, to?: string): Promise<number> {
  const { output } = context;
  return withConfiguration(context, name, async (configuration) => {
    const until = to === undefined ? (await configuration.known()).version : versionOf(to);
    const since = from === undefined ? Math.max(0, until - 1) : versionOf(from);
    const found = await configuration.diff(since, until);
    output.notice(
      found.length === 0 ? `Versions ${since} and ${until} are the same.` : `From version ${since} to ${until}:`,
    );
    await printDocument(output, found, () => differenceLines(found, output.paint));
    return EXIT.succeeded;
  });
}

/** Exit code 1 when it has drifted, as `diff` has it. */
export async function driftConfig(context: Context, name: string): Promise<number> {
  const { output } = context;
  return withConfiguration(context, name, async (configuration) => {
    const report = await configuration.drift();
    output.notice(
      report.drifted
        ? `${name} has something else than version ${report.version}:`
        : `${name} has what is known, version ${report.version}.`,
    );
    await printDocument(output, report, () => differenceLines(report.differences, output.paint));
    return report.drifted ? EXIT.failed : EXIT.succeeded;
  });
}

async function withConfiguration(
  context: Context,
  name: string,
  act: (configuration: ResourceConfiguration) => Promise<number>,
): Promise<number> {
  const { api, connection } = await openRemote(context);
  const port = createNodePort({ api, pollDefaults: connection.poll, requireWorker: 30_000 });
  try {
    const { configuration } = await createScriptApi({ port, lookup: port.lookup }).resource(name);
    return await act(configuration);
  } finally {
    port.close();
  }
}

function versionOf(text: string): number {
  return text === "0" ? 0 : parseCount(text, "a version");
}

function settings(value: unknown): string {
  return `${JSON.stringify(value ?? {}, null, 2)}\n`;
}

/** `port: 80 → 8080`, `host: added "a"`, `tls: removed` */
function differenceLines(found: readonly ConfigurationDifference[], colours: Colours): string {
  return found.map((one) => `${describe(one, colours)}\n`).join("");
}

function describe({ path, before, after }: ConfigurationDifference, colours: Colours): string {
  const value = (one: unknown) => JSON.stringify(one);
  if (after === undefined) return colours.red(`- ${path}: ${value(before)}`);
  if (before === undefined) return colours.green(`+ ${path}: ${value(after)}`);
  return `~ ${path}: ${colours.red(value(before))} → ${colours.green(value(after))}`;
}

function columnsOf(utc: boolean): Array<Column<ConfigurationVersion>> {
  return [
    { title: "version", cell: ({ version }) => String(version), align: "right", least: Infinity },
    { title: "at", cell: ({ at }) => formatTime(at, utc), least: Infinity },
    { title: "by", cell: ({ author }) => author, spare: 1 },
    { title: "entry", cell: ({ entry }) => String(entry ?? "-"), align: "right", least: Infinity },
    { title: "changes", cell: summaryOf, least: 20 },
    { title: "note", cell: ({ note }) => note ?? "", spare: 2 },
  ];
}

function summaryOf({ changes, rollbackOf }: ConfigurationVersion): string {
  const what = changes.map(({ path }) => path).join(", ");
  return rollbackOf === null ? what : `back to ${rollbackOf}: ${what}`;
}
