/** Runs `npm start` and puts what it shows into the README, between its markers: `node test/docs/transcribe-start.ts`. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "./markdown.ts";

const MARKED = /(<!-- npm-start:begin[^>]*-->\n)[\s\S]*?(<!-- npm-start:end -->)/;

const readme = join(ROOT, "README.md");
// One stream, so that both come in the order in which they were written.
const { status, stdout } = spawnSync("/bin/sh", ["-c", "exec npm start 2>&1"], { cwd: ROOT, encoding: "utf8" });
if (status !== 0) throw new Error(`npm start ended with ${status}:\n${stdout}`);
const all = stripVTControlCharacters(stdout).replaceAll(ROOT, "./").trimEnd();
const shown = all
  // Before the first command npm and the build have the word.
  .slice(all.indexOf("$ wilco"))
  // The whole inventory is no use to a reader.
  .replace(/((?:\+ .*\n){4})(?:\+ .*\n)+/, "$1…\n");
const text = readFileSync(readme, "utf8");
if (!MARKED.test(text)) throw new Error("The README has no npm-start markers");
writeFileSync(
  readme,
  text.replace(MARKED, (_all, begin: string, end: string) => `${begin}\n\`\`\`text\n${shown}\n\`\`\`\n\n${end}`),
);
