import { expect, it } from "vitest";
import { strictTls, unusable } from "../../src/database/postgres-unusable.ts";

const told = (message: string, code?: string) => {
  const { message: what, hint } = unusable(
    "postgres://u:secret@db:5432/w?x=1",
    Object.assign(new Error(message), { code }),
  );
  expect(what).toMatch(/^The database at db:5432\/w can't be used: /);
  return `${what} ${hint}`;
};

it("says what a database wants that lets nobody in", () => {
  expect(told("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string")).toMatch(
    /none is given.*PGPASSWORD/,
  );
  expect(told('no pg_hba.conf entry for host "h", no encryption', "28000")).toMatch(/wants TLS.*sslmode=verify-full/);
  expect(told("unable to verify", "UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toMatch(/not trusted.*sslrootcert=FILE/);
  expect(told("The server does not support SSL connections")).toMatch(/has no TLS.*Leave sslmode out/);
  expect(told("permission denied for database w", "42501")).toMatch(/GRANT CREATE ON DATABASE/);
  expect(told("connect ECONNREFUSED", "ECONNREFUSED")).toMatch(/ECONNREFUSED Check --database-url/);
});

it("checks certificates whenever there is TLS, unless told not to", () => {
  expect(strictTls("postgres://d/w?sslmode=require&a=b")).toBe("postgres://d/w?sslmode=verify-full&a=b");
  expect(strictTls("postgres://d/w?a=b&sslmode=prefer")).toBe("postgres://d/w?a=b&sslmode=verify-full");
  for (const url of ["postgres://d/w", "postgres://d/w?sslmode=no-verify", "postgres://d/w?sslmode=verify-full"]) {
    expect(strictTls(url)).toBe(url);
  }
});
