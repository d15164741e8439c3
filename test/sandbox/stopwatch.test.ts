import { describe, expect, it } from "vitest";
import { createControl, openControl } from "../../src/sandbox/control.ts";
import { createStopwatch } from "../../src/sandbox/thread-stopwatch.ts";

function stopwatchWorld(budget: number) {
  const control = openControl(createControl());
  let now = 0;
  let computed = 0;
  const stopwatch = createStopwatch({ control: { ...control, now: () => now }, budget, computed: () => computed });
  return {
    control,
    stopwatch,
    /** Time goes by, in ms; the thread has the processor for part of it. */
    pass(ms: number, computing = ms) {
      now += ms;
      computed += computing;
    },
  };
}

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

  it("is over when the budget is computed, in one turn or in several", () => {
    const world = stopwatchWorld(100);
    world.stopwatch.start();
    world.pass(60);
    expect(world.stopwatch.over()).toBe(false);
    world.stopwatch.stop();
    world.pass(1_000, 0);
    world.stopwatch.start();
    world.pass(39);
    expect(world.stopwatch.over()).toBe(false);
    world.pass(1);
    expect(world.stopwatch.over()).toBe(true);
    world.stopwatch.stop();
    expect(world.stopwatch.over()).toBe(true);
  });

  it("does not count time in which the thread did not get the processor, and moves the watchdog's deadline", () => {
    const world = stopwatchWorld(100);
    world.stopwatch.start();
    expect(world.control.deadline()).toBe(100);
    world.pass(500, 20);
    expect(world.stopwatch.over()).toBe(false);
    expect(world.control.deadline()).toBe(580);
    world.pass(80);
    expect(world.stopwatch.over()).toBe(true);
  });

  it("does not count what it waits, blocked", () => {
    const world = stopwatchWorld(100);
    world.stopwatch.start();
    world.pass(50);
    world.stopwatch.blocked(() => {
      expect(world.control.state()).toBe("blocked");
      world.pass(5_000);
    });
    expect(world.control.state()).toBe("running");
    expect(world.control.deadline()).toBe(5_100);
    expect(world.stopwatch.over()).toBe(false);
    world.pass(50);
    expect(world.stopwatch.over()).toBe(true);
  });
});
