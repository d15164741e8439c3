/** Sizes as people write them: "32 MB", in powers of 1024. */
import { WilcoError } from "./errors.ts";

const UNITS = ["bytes", "KB", "MB", "GB"];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.round(value * 10) / 10} ${UNITS[unit]!}`;
}

/** @param what names it in errors: "--content-limit". @throws WilcoError `invalid_request`: a unit is needed. */
export function parseBytes(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(KB|MB|GB)$/i.exec(text.trim());
  const bytes = match ? Math.floor(Number(match[1]) * 1024 ** UNITS.indexOf(match[2]!.toUpperCase())) : 0;
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is not a size: ${JSON.stringify(text)}`,
    hint: 'Write a number and a unit: "500MB" or "2GB".',
  });
}
