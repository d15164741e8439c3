/** An availability in its colour. */
import type { Availability } from "../../domain/resource.ts";
import type { Colours } from "./colours.ts";

export function availabilityText(availability: Availability, colours: Colours): string {
  switch (availability) {
    case "up":
      return colours.green(availability);
    case "down":
      return colours.red(availability);
    case "unknown":
    case "disabled":
      return colours.dim(availability);
  }
}
