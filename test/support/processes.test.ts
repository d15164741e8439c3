import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { spawnProcess, startProcess } from "./processes.ts";

const script = (source: string) => ["--input-type=module", "-e", source];

describe("a process of a test", () => {
  test("is waited for by a line, whether that has come already or not", async () => {
    const child = startProcess(
      process.execPath,
      script('console.log("port 80"); console.error("ready"); process.stdin.resume()'),
      {
        input: "open",
      },
    );
    expect((await child.line(/port (\d+)/))[1]).toBe("80");
    await child.line(/^ready$/);
    expect((await child.line(/port (\d+)/))[1]).toBe("80");
  });

  test("that ends without the line says what it wrote instead", async () => {
    const child = startProcess(process.execPath, script('console.error("no such file")'));
    await expect(child.line(/ready/)).rejects.toThrow(/ended without a line like \/ready\/:\nno such file/);
  });

  test("reports exit code, signal and both streams", async () => {
    const child = startProcess(process.execPath, script("process.stdin.pipe(process.stdout); process.exitCode = 3"), {
      input: "in",
    });
    await expect(child.ended).resolves.toEqual({ code: 3, signal: null, stdout: "in", stderr: "" });
    const killed = startProcess(process.execPath, script("process.stdin.resume()"), { input: "open" });
    killed.kill("SIGKILL");
    await expect(killed.ended).resolves.toMatchObject({ code: 137, signal: "SIGKILL" });
  });

  test("that can't be started rejects", async () => {
    await expect(startProcess("/nonexistent/program", []).ended).rejects.toThrow("ENOENT");
  });

  test("is stopped with what it started", async () => {
    // The grandchild holds a connection to us: it closes when that process is gone.
    const closed = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      opened.resolve();
      socket.on("error", () => {}).on("close", () => closed.resolve());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const grandchild = `require("node:net").connect(${port}, "127.0.0.1")`;
    const child = spawnProcess(
      process.execPath,
      script(
        `import { spawn } from "node:child_process"; spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}]);`,
      ),
    );
    await opened.promise;
    await child.stop();
    await expect(closed.promise).resolves.toBeUndefined();
    server.close();
  });
});
