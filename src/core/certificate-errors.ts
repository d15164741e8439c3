/** Why TLS with a server failed, in a sentence, and what to do about it. */

export interface CertificateFault {
  /** Completes "The server can't be reached: …". */
  reason: string;
  hint: string;
}

const UNKNOWN_SIGNER = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY)_)/;
/** What OpenSSL says of an answer in plain HTTP: no certificate is wrong, the URL is. */
const NOT_TLS = /wrong version number|packet length too long/;
const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_)/;

/** @param code OpenSSL's or Node's. @returns undefined for what has nothing to do with TLS. */
export function certificateFault(code: string, message: string): CertificateFault | undefined {
  if (NOT_TLS.test(message)) {
    return {
      reason: "what answers there does not speak TLS (is its URL http://…?)",
      hint: "Write its URL with http://, or give the server a certificate.",
    };
  }
  if (UNKNOWN_SIGNER.test(code)) {
    return {
      reason: `its certificate is not trusted (${code})`,
      hint: 'Name a file with the authority that signed it: --ca-file FILE, WILCO_CA_FILE, or "caFile" in the profile. In programs of your own: connect({ ca }).',
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return {
      reason: `its certificate is for another name (${message})`,
      hint: "Use a name that the certificate has, or give the server one for this name.",
    };
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return {
      reason: code === "CERT_HAS_EXPIRED" ? "its certificate has expired" : "its certificate is not valid yet",
      hint: "Give the server another one, or set the clock of this machine if it is wrong.",
    };
  }
  if (!CERTIFICATE.test(code)) return undefined;
  return { reason: `its certificate is not trusted (${code})`, hint: "Look at the certificate and key of the server." };
}
