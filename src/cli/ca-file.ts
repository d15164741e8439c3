/** `--ca-file`, `WILCO_CA_FILE`, `caFile` of a profile: authorities that this process trusts besides those of Node. */
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { messageOf, WilcoError } from "../core/errors.ts";
import { whyUnreadable } from "../core/file-errors.ts";

/**
 * For all connections that this process makes.
 * @param from where the path is from, for errors: "--ca-file".
 * @throws WilcoError `invalid_request`.
 */
export function trustAuthorities(path: string, from: string): void {
  const refused = (why: string, hint: string): WilcoError =>
    new WilcoError({ code: "invalid_request", message: `${from} ${why}`, hint });
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw refused(`can't be read: ${whyUnreadable(error)}`, "Check the path.");
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw refused(`${path} has no certificate in it`, "It has to be PEM, with the lines BEGIN and END CERTIFICATE.");
  }
  // Node 22.18 does not have it yet.
  if (typeof tls.setDefaultCACertificates !== "function") {
    throw refused("takes Node 22.19 or newer", `Set NODE_EXTRA_CA_CERTS=${path} instead.`);
  }
  try {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), pem]);
  } catch (error) {
    throw refused(`${path} can't be used: ${messageOf(error)}`, "Check that its certificates are whole.");
  }
}
