/** `deploy`, `deployments` and `content`: files that go to resources. */
import type { Command } from "commander";
import type { ContentGetFlags, ContentListFlags } from "../commands/content.ts";
import type { RollbackFlags } from "../commands/deployments.ts";
import type { ExecFlags } from "../commands/exec.ts";
import { addPollOptions } from "../poll-options.ts";
import { addRequestOptions } from "../request-flags.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";
import { addFilingOptions } from "./filing-options.ts";
import { addIdempotency, addLocalOptions, addOnInterrupt, addReports, addRequireWorker } from "./work.ts";

export function declareContent(program: Command, runner: Runner): void {
  const deploy = declare(program, "deploy <selector> <file>", "send a file and deploy it to resources")
    .option("--version <text>", "what people call it")
    .option("-p, --param <k=v>", "another parameter of the type's deploy, as of exec; repeatable", collect)
    .option("--params <file>", "all parameters as a JSON or YAML document, - for stdin")
    .option("-y, --yes", "don't ask before changing more than one resource")
    .option("--allow-empty", "succeed when nothing matches")
    .option("--dry-run", "check everything and show what would run where; send and submit nothing");
  addLocalOptions(
    addRequireWorker(
      addPollOptions(addReports(addIdempotency(addOnInterrupt(addRequestOptions(addFilingOptions(deploy, "deploy")))))),
    ),
  );
  deploy.action((selector: string, file: string, flags: ExecFlags & { version?: string }, command: Command) => {
    const { version, ...more } = flags;
    const param = [...(more.param ?? []), ...(version === undefined ? [] : [`version=${literal(version)}`])];
    return runner.run(flagsOf(command), async (context) =>
      (await import("../commands/exec.ts")).execCommand(context, selector, "deploy", null, { ...more, param }, file),
    );
  });

  const versions = () => import("../commands/deployments.ts");
  const deployments = program.command("deployments").description("what was deployed to a resource, and the way back");
  declare(deployments, "list <name>", "the versions of a resource, the newest first").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await versions()).listDeployments(context, name)),
  );
  declare(deployments, "show <name> [version]", "one version; default: the current one").action(
    (name: string, version: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await versions()).showDeployment(context, name, version)),
  );
  declare(deployments, "get <name> [version]", "retrieve what was deployed; default: the current one")
    .option("--out <file>", "where to, - for stdout (default: its own name, here)")
    .action((name: string, version: string | undefined, flags: ContentGetFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await versions()).getDeployment(context, name, version, flags)),
    );
  const rollback = declare(
    deployments,
    "rollback <name> [version]",
    "deploy an older version anew; default: the one before the current",
  );
  addRequireWorker(addPollOptions(addReports(addIdempotency(addOnInterrupt(addFilingOptions(rollback, "deploy"))))));
  rollback.action((name: string, version: string | undefined, flags: RollbackFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await versions()).rollBack(context, name, version, flags)),
  );

  const commands = () => import("../commands/content.ts");
  const content = program.command("content").description("files that the server keeps for operations, by SHA-256");
  declare(content, "list", "list content, the newest first")
    .option("--unused", "only what no deployment and no unfinished entry needs")
    .action((flags: ContentListFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).listContent(context, flags)),
    );
  declare(content, "show <sha256>", "one content; the first digits of its hash are enough").action(
    (hash: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).showContent(context, hash)),
  );
  declare(content, "put <file>", "send a file, unless the server has it; prints its SHA-256").action(
    (file: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).putContent(context, file)),
  );
  declare(content, "get <sha256>", "retrieve a content")
    .option("--out <file>", "where to, - for stdout (default: its own name, here)")
    .action((hash: string, flags: ContentGetFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).getContent(context, hash, flags)),
    );
  declare(content, "remove <sha256>", "remove a content that nothing needs").action(
    (hash: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).removeContent(context, hash)),
  );
}

/** As `--param` has it: what begins with @ would be a file. */
function literal(text: string): string {
  return text.startsWith("@") ? `@${text}` : text;
}
