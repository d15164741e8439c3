/** Versions of what was deployed to a resource. */

export type DeploymentStatus =
  /** Runs, as far as wilco knows. */
  | "current"
  /** Another took its place. */
  | "former"
  /** It was taken back: by a roll-back to another version, or because its own check failed. */
  | "rolled_back";

export interface Deployment {
  resource: string;
  /** Of the resource: 1, 2, 3 … */
  version: number;
  /** As its `deploy` called it in the parameter `version`. */
  label: string | null;
  content: { sha256: string; size: number; name: string };
  /** The entry that deployed it. */
  entry: number;
  author: string;
  /** ISO. */
  at: string;
  status: DeploymentStatus;
  /** The version that this one brought back; null unless it is a roll-back. */
  restores: number | null;
}

/** In the `details` of a failed deploy's error: the resource is back at what it ran before. */
export const ROLLED_BACK = "rolled_back";
