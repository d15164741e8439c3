/** An example in the help of each command that does not bring its own. */
import type { Command } from "commander";

const EXAMPLES: Record<string, readonly string[]> = {
  up: ["wilco up", "wilco up --port 7070 --types ./types"],
  down: ["wilco down"],
  status: ["wilco status --json"],
  server: ["wilco server --host 0.0.0.0 --tls-cert chain.pem --tls-key key.pem --database-url postgres://db/wilco"],
  worker: ["WILCO_TOKEN=… wilco worker --server https://wilco.example.org --zone eu --role automate"],
  shell: ["wilco shell", "echo 'resources().length' | wilco shell"],
  run: [
    "wilco run restart.ts --batch=25%",
    "wilco run --local --inventory wilco.yaml restart.ts",
    "wilco run --on-server --at 22:00 restart.ts",
  ],
  deploy: [
    "wilco deploy web-1 dist/app.tgz --version 1.2.0",
    "wilco deploy tier=web dist/app.tgz --version 1.2.0 --concurrency 25% --halt-on-failure",
  ],
  "deployments list": ["wilco deployments list web-1"],
  "deployments show": ["wilco deployments show web-1", "wilco deployments show web-1 3"],
  "deployments get": ["wilco deployments get web-1 3 --out old.tgz"],
  "deployments rollback": [
    "wilco deployments rollback web-1",
    "wilco deployments rollback web-1 3 --idempotency-key auto",
  ],
  "content list": ["wilco content list", "wilco content list --unused"],
  "content show": ["wilco content show 3c0f92"],
  "content put": ["wilco content put dist/app.tgz"],
  "content get": ["wilco content get 3c0f92 --out app.tgz"],
  "content remove": ["wilco content remove 3c0f92"],
  typegen: ["wilco typegen", "wilco typegen --out - | less"],
  check: ["wilco check restart.ts"],
  init: ["wilco init scripts"],
  history: ["wilco history --status failed,lost --since -2h", "wilco history --resource web-1 --json"],
  "entry show": ["wilco entry show 17"],
  "entry tail": ["wilco entry tail 17 | grep -i error"],
  "entry wait": ["wilco entry wait 17 --wait-timeout 10m; echo $?"],
  "entry cancel": ['wilco entry cancel 17 --reason "wrong version"'],
  "entry retry": ["wilco entry retry 17"],
  "queue paused": ["wilco queue paused"],
  "resources list": ["wilco resources list tier=web,zone=eu"],
  "resources show": ["wilco resources show web-1"],
  "resources tree": ["wilco resources tree", "wilco resources tree eu-host"],
  "resources availability": ["wilco resources availability web-1 --since 30d"],
  "resources metrics": ["wilco resources metrics web-1 --since 6h --chart", "wilco resources metrics web-1 cpu --json"],
  "resources add": ["wilco resources add site --type http --connection url=http://127.0.0.1:8080 --label tier=web"],
  "resources edit": [
    "wilco resources edit web-1 --label tier=web --label old- --check-every 10s",
    "wilco resources edit db-1 --connection password=@env:DB_PASSWORD",
    "wilco resources edit web-1",
  ],
  "resources enable": ["wilco resources enable web-1"],
  "resources disable": ["wilco resources disable web-1"],
  "resources remove": ["wilco resources remove old-1 old-2 --yes"],
  "groups list": ["wilco groups list"],
  "groups show": ["wilco groups show web --json | jq -r '.resources[].name'"],
  "groups remove": ["wilco groups remove old-web old --yes"],
  "types remove": ["wilco types remove old-thing --yes"],
  "types list": ["wilco types list"],
  "types show": ["wilco types show process --json"],
  "types new": ["wilco types new disk", "wilco types new cache --ts"],
  "types check": ["wilco types check types", "wilco types check wilco.yaml @example/wilco-types"],
  "types test": ["wilco types test", "wilco types test types/disk.test.ts"],
  apply: [
    "wilco apply --dry-run wilco.yaml",
    "cat *.yaml | wilco apply -",
    "wilco apply wilco.yaml --prune 'old-*,web-9' --yes",
  ],
  "config get": ["wilco config get web-1", "wilco config get web-1 --known --json"],
  "config update": [
    "wilco config update web-1 port=8080 env.WORKERS=4 tls:=null",
    "wilco config get web-1 > web-1.json && wilco config update web-1 --replace @web-1.json",
  ],
  "config rollback": ["wilco config rollback web-1 3 --note 'back to what worked'"],
  "config history": ["wilco config history web-1"],
  "config diff": ["wilco config diff web-1", "wilco config diff web-1 2 5"],
  "config drift": ["wilco config drift web-1 || echo changed by hand"],
  "workers list": ["wilco workers list"],
  "tokens create": ["wilco tokens create ci --role operator --quiet > ci.token"],
  "tokens bootstrap": ["WILCO_DATABASE_URL=postgres://db/wilco wilco tokens bootstrap root"],
  "tokens list": ["wilco tokens list"],
  "tokens revoke": ["wilco tokens revoke ci"],
  "settings list": ["wilco settings list"],
  "settings set": ["wilco settings set keep-metrics 30d", "wilco settings set keep-history 90d --yes"],
  "secrets set": ["wilco secrets set db-password < password.txt"],
  "secrets list": ["wilco secrets list"],
  "secrets remove": ["wilco secrets remove db-password"],
  login: ["wilco login https://wilco.example.org --profile prod"],
  logout: ["wilco logout --profile prod"],
  "profiles list": ["wilco profiles list"],
  "profiles use": ["wilco profiles use prod"],
  "profiles remove": ["wilco profiles remove prod"],
  complete: ["wilco complete -- exec web-"],
};

export function addExamples(program: Command): void {
  for (const [path, examples] of Object.entries(EXAMPLES)) {
    let command: Command | undefined = program;
    for (const name of path.split(" ")) command = command?.commands.find((one) => one.name() === name);
    const title = examples.length === 1 ? "Example" : "Examples";
    command?.addHelpText("after", `\n${title}:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  }
}
