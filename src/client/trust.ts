/** Authorities that one client trusts besides those of Node; other clients of the process do not. */
import { X509Certificate } from "node:crypto";
import { messageOf, WilcoError } from "../core/errors.ts";
import { overNetwork, type Trust } from "../core/http/over-network.ts";
import type { Dispatch } from "./dispatch.ts";

/** ms that an idle connection is kept, as Node's own agent does. */
const IDLE = 5_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(-----END CERTIFICATE-----)?/g;

/** @param ca PEM of authorities to trust besides those that Node trusts. @throws WilcoError `invalid_request`. */
export function dispatchTrusting(ca: string): Dispatch {
  checkAuthorities(ca);
  let trust: Promise<Trust> | undefined;
  return async (request) => overNetwork(request, await (trust ??= trustIn(ca)));
}

/** TLS itself takes anything, and then trusts nobody. */
function checkAuthorities(ca: unknown): void {
  const invalid = (message: string): WilcoError =>
    new WilcoError({
      code: "invalid_request",
      message,
      hint: 'Give the text of a PEM file: ca: readFileSync("ca.pem", "utf8").',
    });
  if (typeof ca !== "string") throw invalid("ca is not a text");
  const certificates = ca.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw invalid("ca has no certificate in it");
  try {
    certificates.map((certificate) => new X509Certificate(certificate));
  } catch (error) {
    throw invalid(`ca has a certificate that can't be read: ${messageOf(error)}`);
  }
}

async function trustIn(ca: string): Promise<Trust> {
  // TLS takes 20 ms to load.
  const [{ Agent: HttpsAgent }, { createSecureContext, getCACertificates }] = await Promise.all([
    import("node:https"),
    import("node:tls"),
  ]);
  const secureContext = createSecureContext({ ca: [...getCACertificates("default"), ca] });
  return { agent: new HttpsAgent({ keepAlive: true, timeout: IDLE, secureContext }), secureContext };
}
