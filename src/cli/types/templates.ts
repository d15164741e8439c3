/** What `wilco types new` writes: the same small type in YAML and in TypeScript, so that one test fits both. */

export function yamlType(name: string): string {
  return `types:
  ${name}:
    description: A directory and the disk that it is on
    connection:
      type: object
      properties: { path: { type: string, description: an absolute path } }
      required: [path]
    operations:
      usage:
        description: How full the disk is
        run: [df, -Pk, "{{connection.path}}"]
        result:
          regex: '^\\S+ +(?<size>\\d+) +(?<used>\\d+) +(?<free>\\d+) +(?<percent>\\d+)%'
          flags: m
          fields: { size: integer, used: integer, free: integer, percent: integer }
        exclusive: false # it only looks: any number at a time
        onLost: requeue # and may be repeated
        timeout: 30s
      touch:
        description: Make an empty file in the directory
        parameters:
          type: object
          properties: { file: { type: string, pattern: '^[\\w.-]+$', default: touched } }
        run: [touch, "{{connection.path}}/{{parameters.file}}"]
      check:
        description: Whether the directory is there
        run: [test, -d, "{{connection.path}}"]
        exclusive: false
        onLost: requeue
        timeout: 10s
`;
}

export function codeType(name: string): string {
  return `import { stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineResourceType, parametersOf, type OperationContext } from "wilco";

/** A method for each operation. */
class Handlers {
  async usage({ resource }: OperationContext) {
    const { blocks, bavail, bfree, bsize } = await statfs(pathOf(resource));
    const kib = (count: number) => Math.round((count * bsize) / 1024);
    const used = blocks - bfree;
    const percent = used + bavail === 0 ? 0 : Math.ceil((100 * used) / (used + bavail));
    return { size: kib(blocks), used: kib(used), free: kib(bavail), percent };
  }

  async touch({ resource, parameters, output }: OperationContext) {
    const file = join(pathOf(resource), parameters.file as string);
    await writeFile(file, "", { flag: "a" });
    await output(\`touched \${file}\\n\`);
  }

  async check({ resource }: OperationContext) {
    const found = await stat(pathOf(resource)).catch(() => null);
    return { availability: found?.isDirectory() ? "up" : "down" };
  }
}

function pathOf({ connection }: OperationContext["resource"]): string {
  return connection.path as string;
}

export default defineResourceType({
  name: "${name}",
  description: "A directory and the disk that it is on",
  runsOn: "bound",
  connection: parametersOf({ path: { type: "string", description: "an absolute path" } }, ["path"]),
  operations: {
    usage: {
      description: "How full the disk is",
      exclusive: false, // it only looks: any number at a time
      onLost: "requeue", // and may be repeated
      timeout: "30s",
    },
    touch: {
      description: "Make an empty file in the directory",
      parameters: parametersOf({ file: { type: "string", pattern: "^[\\\\w.-]+$", default: "touched" } }),
    },
    check: { description: "Whether the directory is there", exclusive: false, onLost: "requeue", timeout: "10s" },
  },
  handlers: new Handlers(),
});
`;
}

export function resourceOf(name: string): string {
  return `resources:
  ${name}-1: { type: ${name}, connection: { path: /tmp } }
`;
}

export function testOf(name: string, code: boolean): string {
  const [load, read] = code
    ? [`import type from "./${name}.ts";\n`, ""]
    : ["", `\nconst type = await readType(new URL("${name}.yaml", import.meta.url));\n`];
  return `import assert from "node:assert/strict";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ${code ? "" : "readType, "}testResourceType } from "wilco/testing";
${load}${read}
test("usage says how full the disk is", async () => {
  const { status, result } = await testResourceType(type, { operation: "usage", connection: { path: tmpdir() } });
  assert.equal(status, "succeeded");
  assert.ok(result.size >= result.used && result.percent <= 100);
});

test("touch makes a file, and refuses one that lies elsewhere", async (t) => {
  const path = await mkdtemp(join(tmpdir(), "${name}-"));
  t.after(() => rm(path, { recursive: true }));
  const connection = { path };
  const made = await testResourceType(type, { operation: "touch", connection });
  assert.equal(made.status, "succeeded");
  await access(join(path, "touched"));
  const refused = await testResourceType(type, { operation: "touch", connection, parameters: { file: "../x" } });
  assert.equal(refused.error?.code, "invalid_parameters");
});

test("check says down when the directory is gone", async () => {
  const connection = { path: join(tmpdir(), "is-not-there") };
  const { result } = await testResourceType(type, { operation: "check", connection });
  assert.equal(result.availability, "down");
});
`;
}
