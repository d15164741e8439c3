import { describe, expect, it } from "vitest";
import { createControl, openControl } from "../../src/sandbox/control.ts";
import { createStopwatch } from "../../src/sandbox/thread-stopwatch.ts";

describe("the stopwatch", () => {
  it("never shows the main thread running code with a deadline that has passed", () => {
    const control = openControl(createControl());
    const states: Array<[string, boolean]> = [];
    const watched = {
      ...control,
      run(deadline: number) {
        states.push([control.state(), control.deadline() >= 0]);
        control.run(deadline);
        states.push([control.state(), control.deadline() > control.now()]);
      },
      pause(state: "idle" | "blocked") {
        control.pause(state);
        states.push([control.state(), control.state() !== "running"]);
      },
    };
    const stopwatch = createStopwatch({ control: watched, budget: 10_000 });
    for (let turn = 0; turn < 3; turn++) {
      stopwatch.start();
      stopwatch.blocked(() => {});
      stopwatch.stop();
      expect(control.deadline()).toBeGreaterThan(control.now());
    }
    expect(states.every(([, right]) => right)).toBe(true);
  });

  it("counts what runs and not what waits", () => {
    let now = 0;
    const control = { ...openControl(createControl()), now: () => now };
    const stopwatch = createStopwatch({ control, budget: 100 });
    stopwatch.start();
    now += 40;
    stopwatch.stop();
    now += 1_000;
    stopwatch.start();
    stopwatch.blocked(() => {
      now += 5_000;
    });
    now += 59;
    expect(stopwatch.over()).toBe(false);
    now += 1;
    expect(stopwatch.over()).toBe(true);
    stopwatch.stop();
    expect(stopwatch.over()).toBe(true);
  });
});
