/** The labels of a resource, as a document has them. */
import { isJsonObject } from "../core/json.ts";
import { LABEL_KEY } from "../domain/selector.ts";

/** Every list of resources carries them all. */
const MAX_LABELS = 100;
const LABELS_HINT = "Labels are for selecting and grouping: keep what else is known elsewhere.";

export function parseLabels(
  value: unknown,
  wrong: (key: string, message: string, hint?: string) => void,
): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) {
    wrong("labels", "it must be an object of texts", "Write for example { tier: web }");
    return {};
  }
  const count = Object.keys(value).length;
  if (count > MAX_LABELS) {
    wrong("labels", `there are ${count.toLocaleString("en")} of them, and ${MAX_LABELS} are the most`, LABELS_HINT);
    return {};
  }
  const labels: Record<string, string> = {};
  for (const [key, label] of Object.entries(value)) {
    if (!LABEL_KEY.test(key))
      wrong(
        `labels.${key}`,
        "it is not a label's key",
        "Keys are letters, digits and . _ - /, and start with a letter or digit.",
      );
    // A number is refused rather than converted: 1.10 would silently become "1.1".
    else if (typeof label !== "string")
      wrong(`labels.${key}`, "it must be a text", `Write it in quotes: ${JSON.stringify(JSON.stringify(label))}`);
    else if (label.length > 1_000 || !isStorable(label))
      wrong(
        `labels.${key}`,
        "it can't be stored as a label",
        "At most 1,000 characters, no NUL, no half of a character.",
      );
    else labels[key] = label;
  }
  return labels;
}

/** What PostgreSQL can store as text. */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
