import { type Pod, type PodResources, podRequests } from "../../model/index.ts";

/** Requests of many pods, of which most follow one of the same template: those are looked up once. */
export class TemplateRequests {
  #containers: Pod["spec"]["containers"] | undefined;
  #requests: PodResources | undefined;

  of(pod: Pod): PodResources {
    const { containers, initContainers, overhead, resources } = pod.spec;
    const alone = initContainers === undefined && overhead === undefined && resources === undefined;
    if (!alone) return podRequests(pod);
    if (containers !== this.#containers || this.#requests === undefined) {
      this.#containers = containers;
      this.#requests = podRequests(pod);
    }
    return this.#requests;
  }
}
