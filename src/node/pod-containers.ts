import { type Container, isSidecar, type Pod } from "../model/index.ts";

/** Init containers, then the ordinary ones. */
export function allContainers({ initContainers, containers }: Pod["spec"]): readonly Container[] {
  return initContainers === undefined ? containers : [...initContainers, ...containers];
}

/** Containers that live side by side: sidecars first, then the ordinary ones. */
export function lastingContainers({ initContainers, containers }: Pod["spec"]): readonly Container[] {
  return initContainers === undefined ? containers : [...initContainers.filter(isSidecar), ...containers];
}
