/** Why a PostgreSQL can't be used, in sentences for whoever sets it up. */
import { certificateFault } from "../core/certificate-errors.ts";
import { messageOf, WilcoError } from "../core/errors.ts";

/**
 * The client library takes "prefer", "require" and "verify-ca" for "verify-full", and prints a page about it. That is what
 * they mean here: a certificate is checked whenever there is TLS, unless `no-verify` says that it is not.
 */
export function strictTls(url: string): string {
  return url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, "$1verify-full");
}

export function unusable(url: string, error: unknown): WilcoError {
  const { reason, hint } = whyUnusable(error);
  return new WilcoError({
    code: "database_unusable",
    message: `The database at ${hostOf(url)} can't be used: ${reason}`,
    hint,
    cause: error,
  });
}

const WITH_TLS = "?sslmode=verify-full, and &sslrootcert=FILE for an authority of your own";

function whyUnusable(error: unknown): { reason: string; hint: string } {
  const text = messageOf(error);
  const code = (error as { code?: unknown } | null)?.code;
  // What the client library says when there is no password at all.
  if (/password must be a (non-empty )?string/.test(text)) {
    return {
      reason: "it asks for a password, and none is given",
      hint: "Set PGPASSWORD, or put it into ~/.pgpass or WILCO_DATABASE_URL.",
    };
  }
  if (/pg_hba\.conf.*no encryption/.test(text)) {
    return { reason: `it wants TLS: ${text}`, hint: `Write behind its URL ${WITH_TLS}.` };
  }
  if (/does not support SSL/.test(text)) {
    return { reason: "it has no TLS", hint: "Leave sslmode out of the URL, or set ssl and a certificate there." };
  }
  const fault = typeof code === "string" ? certificateFault(code, text) : undefined;
  if (fault) return { reason: fault.reason, hint: `Write behind its URL ${WITH_TLS}.` };
  if (code === "42501") {
    return {
      reason: text,
      hint: 'The user has to make the schema "wilco": GRANT CREATE ON DATABASE … TO …, as an administrator of the database.',
    };
  }
  return {
    reason: text || String(code),
    hint: 'Check --database-url, that the server runs, and that the user may create the schema "wilco".',
  };
}

/** Host and database of a URL, never its password. */
export function hostOf(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.host}${parsed.pathname}`;
  } catch {
    return "the given URL";
  }
}
