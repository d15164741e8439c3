/** `tokens`, `settings` and `secrets`: who may, with what, and for how long it is kept. */
import type { Command } from "commander";
import type { BootstrapTokenFlags, CreateTokenFlags } from "../commands/tokens.ts";
import type { RekeyFlags } from "../commands/secrets-rekey.ts";
import type { RemoveFlags } from "../confirm.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";

export function declareAccess(program: Command, runner: Runner): void {
  const commands = () => import("../commands/tokens.ts");
  const tokens = program.command("tokens").description("who may use the server");
  declare(tokens, "create <name>", "make a token; its secret is printed once, to stdout")
    .requiredOption("--role <role>", "viewer, operator, worker or admin")
    .option("--zone <zone>", "worker tokens: a zone it may serve; repeatable, default all", collect)
    .option("--worker-role <role>", "worker tokens: a role it may serve; repeatable, default all", collect)
    .option("--expires-in <duration>", "valid for this long; default: until revoked")
    .action((name: string, flags: CreateTokenFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).createToken(context, name, flags)),
    );
  declare(tokens, "bootstrap <name>", "make a cluster's first admin token, straight in its database")
    .option("--database-url <url>", "postgres://… of the cluster (or WILCO_DATABASE_URL)")
    .action((name: string, flags: BootstrapTokenFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).bootstrapToken(context, name, flags)),
    );
  declare(tokens, "list", "list tokens, without their secrets").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await commands()).listTokens(context)),
  );
  declare(tokens, "revoke <name>", "refuse a token from now on").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).revokeToken(context, name)),
  );

  const settingCommands = () => import("../commands/settings.ts");
  const settings = program.command("settings").description("what is set for all servers of a database");
  declare(settings, "list", "list settings: how long things are kept").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await settingCommands()).listSettings(context)),
  );
  declare(settings, "set <name> <duration>", 'change a setting; "default" gives it back its default')
    .option("-y, --yes", "don't ask before history is deleted")
    .action((name: string, value: string, flags: RemoveFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await settingCommands()).changeSetting(context, name, value, flags),
      ),
    );

  const secretCommands = () => import("../commands/secrets.ts");
  const secrets = program.command("secrets").description("values that scripts and commands use by name");
  declare(secrets, "set <name>", "store a secret; its value is read from stdin").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await secretCommands()).setSecret(context, name)),
  );
  declare(secrets, "list", "list secrets, without their values").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await secretCommands()).listSecrets(context)),
  );
  declare(secrets, "rekey", "seal everything with another key, while no server runs")
    .option("--data-dir <dir>", "of the server; its secret.key is replaced")
    .option("--database-url <url>", "postgres://…, or WILCO_DATABASE_URL")
    .option("--secret-key-file <file>", "the present key (or WILCO_SECRET_KEY)")
    .option("--new-key-file <file>", "the new key; default: one that is made, for the secret.key of the data directory")
    .option("--lost", "leave behind what the present key does not open")
    .action((flags: RekeyFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/secrets-rekey.ts")).rekeySecrets(context, flags),
      ),
    );
  declare(secrets, "remove <name>", "remove a secret").action((name: string, _flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await secretCommands()).removeSecret(context, name)),
  );
}
