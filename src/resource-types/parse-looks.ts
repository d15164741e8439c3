/** `checkEvery`, `metricsEvery` and `metrics` of a type as people write it: what is looked at by itself. */
import { parseInterval } from "../domain/interval.ts";
import type { MetricDescriptor, OperationDescriptor, ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { isName } from "../domain/route.ts";
import { describeLooks } from "./descriptor.ts";
import type { DocumentReader } from "./document-reader.ts";

export function parseLooks(
  reader: DocumentReader,
  operations: readonly OperationDescriptor[],
): Pick<ResourceTypeDescriptor, "checkEvery" | "metricsEvery" | "metrics"> {
  return describeLooks({
    checkEvery: interval(reader, "checkEvery", operations, "check"),
    metricsEvery: interval(reader, "metricsEvery", operations, "metrics"),
    metrics: metricsOf(reader, operations),
  });
}

function interval(
  reader: DocumentReader,
  key: string,
  operations: readonly OperationDescriptor[],
  name: string,
): number | undefined {
  if (!reader.has(key)) return undefined;
  const ms = reader.guard(key, () => parseInterval(reader.raw(key), "it"));
  if (!ms) return undefined;
  if (!operations.some((one) => one.name === name)) {
    reader.problem(key, `is of no use: the type has no operation "${name}"`, `Add the operation, or leave ${key} out.`);
  }
  return ms;
}

function metricsOf(
  reader: DocumentReader,
  operations: readonly OperationDescriptor[],
): Record<string, Partial<MetricDescriptor>> | undefined {
  const metrics = reader.child("metrics", null);
  if (!metrics) return undefined;
  if (!operations.some(({ name }) => name === "metrics")) {
    reader.problem("metrics", 'is of no use: the type has no operation "metrics"', "Add one that answers with them.");
  }
  const described: Record<string, Partial<MetricDescriptor>> = {};
  for (const name of metrics.keys) {
    if (!isName(name)) metrics.problem(name, "is not a name");
    const one = metrics.child(name, ["unit", "description"]);
    const [unit, description] = [one?.text("unit"), one?.text("description")];
    described[name] = {
      ...(unit === undefined ? {} : { unit }),
      ...(description === undefined ? {} : { description }),
    };
  }
  return described;
}
