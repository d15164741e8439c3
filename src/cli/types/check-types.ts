/** Everything that is wrong with the types of some files, without a server. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/json.ts";
import { parseYaml } from "../../core/yaml-file.ts";
import { listedProblems, type PlaceOf, type PlacedProblem } from "../../core/yaml-places.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import { createSchemaValidator } from "../../domain/schema.ts";
import { builtinTypes } from "../../resource-types/builtin.ts";
import { problemsOfType } from "../../resource-types/check-type.ts";
import { parseResourceType } from "../../resource-types/parse-type.ts";
import { placesInSource } from "./source-places.ts";
import { describeFiles, type DescribeOptions } from "../../worker/handlers/describe.ts";
import { findTypeFiles, type TypeFiles } from "../../worker/handlers/type-locations.ts";

export interface TypeProblem extends PlacedProblem {
  /** Relative to the working directory. */
  file: string;
  /** null = the file as a whole. */
  line: number | null;
  column: number | null;
}

export interface CheckedTypes {
  problems: TypeProblem[];
  /** Those that nothing is wrong with as far as they could be read, with their files. */
  types: Array<{ file: string; name: string; operations: number }>;
  /** With types, or with something wrong; an inventory of resources alone does not count. */
  files: number;
}

interface Found {
  file: string;
  descriptor: ResourceTypeDescriptor | null;
  name: string;
  problems: PlacedProblem[];
  placeOf: PlaceOf;
}

/** @param typed files, directories or packages. @throws WilcoError `invalid_request` for one that is none of them. */
export async function checkTypes(
  typed: readonly string[],
  cwd: string,
  loading: Omit<DescribeOptions, "cwd">,
): Promise<CheckedTypes> {
  const all = typed.map((one) => findTypeFiles(one, cwd));
  const unique = (files: string[]) => [...new Set(files)];
  const files: TypeFiles = {
    code: unique(all.flatMap((one) => one.code)),
    yaml: unique(all.flatMap((one) => one.yaml)),
  };
  const found = [...(await inYaml(files.yaml)), ...(await inCode(files.code, loading))];
  const named = (file: string) => relative(cwd, file) || file;
  const problems = [...found, ...twice(found, named)].flatMap(({ file, problems, placeOf }) =>
    problems.map((problem): TypeProblem => {
      const place = placeOf(problem.path);
      return { file: named(file), line: place?.line ?? null, column: place?.column ?? null, ...problem };
    }),
  );
  const order = new Map(problems.map(({ file }, index) => [file, index]).toReversed() as Array<[string, number]>);
  problems.sort(
    (a, b) =>
      order.get(a.file)! - order.get(b.file)! || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  const types = found.flatMap(({ file, descriptor, problems }) =>
    descriptor === null || problems.length > 0
      ? []
      : [{ file: named(file), name: descriptor.name, operations: Object.keys(descriptor.operations).length }],
  );
  return { problems, types, files: new Set(found.map(({ file }) => file)).size };
}

async function inYaml(files: readonly string[]): Promise<Found[]> {
  const schemas = createSchemaValidator();
  const found: Found[] = [];
  for (const file of files) {
    try {
      const { value, placeOf } = await parseYaml(readFileSync(file, "utf8"), file);
      // A file of resources alone is an inventory all the same; there is nothing of types in it.
      const types = isJsonObject(value) ? (value["types"] ?? {}) : null;
      if (!isJsonObject(types)) {
        found.push(wrongFile(file, "has no types: as a mapping of names", "Write types: { NAME: { operations: … } }"));
        continue;
      }
      for (const [name, type] of Object.entries(types)) {
        const { descriptor, problems } = parsed(name, type, schemas);
        found.push({ file, name, descriptor, problems, placeOf });
      }
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      found.push(wrongFile(file, error.message.replace(`${file}:`, ""), error.hint));
    }
  }
  return found;
}

function parsed(name: string, type: unknown, schemas: ReturnType<typeof createSchemaValidator>) {
  try {
    return { descriptor: parseResourceType(name, type, { schemas }), problems: [] };
  } catch (error) {
    const problems = listedProblems(error);
    if (problems === null) throw error;
    return { descriptor: null, problems };
  }
}

async function inCode(files: string[], options: DescribeOptions): Promise<Found[]> {
  const schemas = createSchemaValidator();
  const described = await describeFiles(files, options);
  return described.flatMap((one): Found[] => {
    if ("error" in one)
      return [
        wrongFile(
          one.file,
          `does not load: ${one.error}`,
          one.hint ?? "A file of types has: export default defineResourceType({ … })",
        ),
      ];
    const placeOf = placesInSource(readFileSync(one.file, "utf8"));
    return one.types.map(({ descriptor }) => {
      const { name } = descriptor;
      const problems = problemsOfType(descriptor, schemas).map((each) => ({ ...each, path: `${name}.${each.path}` }));
      return { file: one.file, name, descriptor, problems, placeOf: (path) => placeOf(path.slice(name.length + 1)) };
    });
  });
}

function wrongFile(file: string, message: string, hint?: string): Found {
  return {
    file,
    name: "",
    descriptor: null,
    placeOf: () => null,
    problems: [{ path: "", message, hint: hint ?? null }],
  };
}

/** Types of one name in two files, or of a built-in one: whoever comes second would be refused, or take its place. */
function twice(found: readonly Found[], named: (file: string) => string): Found[] {
  const first = new Map(builtinTypes.map(({ descriptor }) => [descriptor.name, ""]));
  return found.flatMap((one): Found[] => {
    if (one.name === "") return [];
    const before = first.get(one.name);
    first.set(one.name, before ?? one.file);
    if (before === undefined) return [];
    const where = before === "" ? "wilco itself" : named(before);
    return [wrongFile(one.file, `has a type "${one.name}", as ${where} has`, "Give it another name.")];
  });
}
