/**
 * A long operation whose output is read while it runs: every line, in order, none twice, to the last one.
 *
 *   wilco run scripts-examples/long-operation-live-output.ts
 *   wilco run scripts-examples/long-operation-live-output.ts --files=100
 */
import { args, assert, resource } from "wilco";

const { files = 10 } = args.parse({ files: "number?" });
const machine = resource("this-machine");

const backup = machine.run(
  { command: ["node", "scripts-examples/servers/backup.mjs", String(files), "50"] },
  { timeout: "10m", note: "nightly backup" },
);
const { id } = await backup.submitted;
console.log(`Entry ${id} is filed; "wilco entry tail ${id}" shows the same in another terminal`);

let lines = 0;
for await (const line of backup.output()) {
  lines += 1;
  console.log(`${String(lines).padStart(4)}  ${line}`);
}
const { exitCode } = await backup;
assert(lines === files + 1, `Expected ${files + 1} lines, read ${lines}`);
console.log(`Backup ended with exit code ${exitCode}; ${lines} lines were read`);
