/** A patch of a configuration as typed: `port=8080`, `env.WORKERS=4`, `tls:=null`, `@FILE`, each by the type's schema. */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, type JsonSchema } from "../core/json.ts";
import { describeOperation } from "../resource-types/descriptor.ts";
import { convertParameters, type ParameterAssignment, type RawParameters } from "./parameters.ts";

/** @throws WilcoError `invalid_parameters`: an unknown key with the nearest, a value of another type, nothing given. */
export function patchOf(raw: RawParameters, type: string, schema: JsonSchema): JsonObject {
  if (raw.assignments.length === 0 && Object.keys(raw.document).length === 0) {
    throw new WilcoError({
      code: "invalid_parameters",
      message: "There is nothing to change",
      hint: "Give keys and values (port=8080), or a document (@FILE, @- for stdin).",
    });
  }
  let patch: JsonObject = raw.document;
  const places = Map.groupBy(raw.assignments, (one) => placeOf(one, schema).join("."));
  for (const assignments of places.values()) {
    const place = placeOf(assignments[0]!, schema);
    const inner = convert(assignments, place, type, schema);
    const nested = place.reduceRight<JsonObject>((value, key) => ({ [key]: value }), inner);
    patch = withPatch(patch, nested);
  }
  return patch;
}

/** Of two patches, the one that does both; null stays, for it says that a key is to go. */
function withPatch(patch: JsonObject, more: JsonObject): JsonObject {
  const both: JsonObject = { ...patch };
  for (const [key, value] of Object.entries(more)) {
    const before = both[key];
    both[key] = isJsonObject(before) && isJsonObject(value) ? withPatch(before, value) : value;
  }
  return both;
}

/** The keys above the last one; a key that the schema declares with dots in it is one key. */
function placeOf({ name }: ParameterAssignment, schema: JsonSchema): string[] {
  const properties = schema["properties"];
  return isJsonObject(properties) && Object.hasOwn(properties, name) ? [] : name.split(".").slice(0, -1);
}

function convert(assignments: ParameterAssignment[], place: string[], type: string, schema: JsonSchema): JsonObject {
  const at = place.reduce<JsonSchema>(schemaAt, schema);
  const called = describeOperation(["configuration", ...place].join("."), { parameters: at });
  const own = assignments.map((one) => ({
    ...one,
    name: place.length === 0 ? one.name : one.name.slice(place.join(".").length + 1),
  }));
  return convertParameters({ document: {}, assignments: own, argv: null }, type, called);
}

function schemaAt(schema: JsonSchema, key: string): JsonSchema {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const found = Object.hasOwn(properties, key) ? properties[key] : schema["additionalProperties"];
  return isJsonObject(found) ? found : {};
}
