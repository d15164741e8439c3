/** The engine's stream of logs, however it is cut. */
import { expect, it } from "vitest";
import { framesOf } from "../../src/resource-types/docker/frames.ts";

it("Frames of a container's log come whole wherever the answer is cut, and an end that is cut off is not lost", async () => {
  const header = (stream: number, length: number) => Buffer.from([stream, 0, 0, 0, 0, 0, 0, length]);
  const all = Buffer.concat([header(1, 4), Buffer.from("one\n"), header(2, 4), Buffer.from("two\n"), header(1, 9)]);
  const cut = Buffer.concat([all, Buffer.from("thr")]);
  for (const size of [1, 7, 100]) {
    const pieces = Array.from({ length: Math.ceil(cut.length / size) }, (_, at) =>
      cut.subarray(at * size, (at + 1) * size),
    );
    const frames: string[] = [];
    const stream = (async function* () {
      yield* pieces;
    })();
    for await (const one of framesOf(stream)) frames.push(`${one.stream}: ${one.data.toString()}`);
    expect(frames).toEqual(["stdout: one\n", "stderr: two\n", "stdout: thr"]);
  }
});
