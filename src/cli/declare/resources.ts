/** `resources` and `groups`: what is managed. */
import type { Command } from "commander";
import type { AddFlags } from "../commands/resource-edit.ts";
import type { AvailabilityFlags, MetricsFlags } from "../commands/resource-observations.ts";
import type { RemoveFlags } from "../confirm.ts";
import type { PageFlags } from "../pages.ts";
import type { ResourceFlags } from "../resource-flags.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";

export function declareResources(program: Command, runner: Runner): void {
  const resources = program.command("resources").description("what is managed");
  const edit = () => import("../commands/resource-edit.ts");
  addPaging(declare(resources, "list [selector]", 'list resources: "web-*,tier=web,zone!=eu"')).action(
    (selector: string | undefined, flags: PageFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/resources.ts")).listResources(context, selector, flags),
      ),
  );
  declare(resources, "show <resource>", "one resource and its operations").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/resources.ts")).showResource(context, name),
      ),
  );
  declare(resources, "tree [resource]", "parents and children with their availability").action(
    (name: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/resource-tree.ts")).treeOfResources(context, name),
      ),
  );
  const observations = () => import("../commands/resource-observations.ts");
  addRange(
    declare(resources, "availability <resource>", "the changes of its availability, and its share of time up"),
    "7d",
  )
    .option("--limit <n>", "changes at most, the newest (default 200)")
    .action((name: string, flags: AvailabilityFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await observations()).showAvailability(context, name, flags)),
    );
  addRange(
    declare(resources, "metrics <resource> [metric]", "its metrics as they were kept; exec … metrics reads them live"),
    "1h",
  )
    .option("--chart", "drawn as lines")
    .action((name: string, metric: string | undefined, flags: MetricsFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await observations()).showMetrics(context, name, metric, flags)),
    );
  addResourceOptions(declare(resources, "add <name>", "add a resource"))
    .requiredOption("--type <type>", "which type it is of; wilco types list shows them")
    .action((name: string, flags: AddFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await edit()).addResource(context, name, flags)),
    );
  addResourceOptions(
    declare(resources, "edit <resource>", "change a resource: by flags, or in $EDITOR when there are none"),
  ).action((name: string, flags: ResourceFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await edit()).editResource(context, name, flags)),
  );
  for (const [word, description] of [
    ["enable", "check it again, and take its operations"],
    ["disable", "stop checking it, and refuse its operations"],
  ] as const) {
    declare(resources, `${word} <resource>`, description).action((name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await edit()).switchResource(context, name, word === "enable")),
    );
  }
  declare(resources, "remove <resources...>", "remove resources without children and unfinished entries")
    .option("-y, --yes", "don't ask")
    .action((names: string[], flags: RemoveFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await edit()).removeResources(context, names, flags)),
    );
}

export function declareGroups(program: Command, runner: Runner): void {
  const groups = program.command("groups").description("resources under one name");
  declare(groups, "list", "list groups and how many members they have").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await import("../commands/groups.ts")).listGroups(context)),
  );
  addPaging(declare(groups, "show <group>", "one group and its members")).action(
    (name: string, flags: PageFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/groups.ts")).showGroup(context, name, flags),
      ),
  );
  declare(groups, "remove <groups...>", "remove groups that no other group names; their members stay")
    .option("-y, --yes", "don't ask")
    .action((names: string[], flags: RemoveFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/groups.ts")).removeGroups(context, names, flags),
      ),
    );
}

function addRange(command: Command, since: string): Command {
  return command
    .option("--since <time>", `from when: a time, or how long ago (default ${since})`)
    .option("--until <time>", "until when (default now)");
}

function addPaging(command: Command): Command {
  return command
    .option("--limit <n>", "at most this many (default all)")
    .option("--cursor <cursor>", "go on where a list with --limit ended");
}

function addResourceOptions(command: Command): Command {
  return command
    .option("--zone <zone>", "the zone it is in")
    .option("--worker <worker>", 'the one worker its operations run on; "none" for any')
    .option("--parent <resource>", 'the resource above it; "none" for none')
    .option("--description <text>", 'what it is; "none" for none')
    .option("--label <key=value>", "set a label, or take one away: key-; repeatable", collect)
    .option(
      "--connection <key=value>",
      "set a key of its connection: k=v, k:=JSON, k=@FILE, k=@env:NAME, k=@secret:NAME, k:=null to take it away; repeatable",
      collect,
    )
    .option("--check-every <duration>", 'how often it is checked: 10s, off, or "default" for what its type says')
    .option("--metrics-every <duration>", 'how often its metrics are kept: 1m, off, or "default"');
}
