import type { Labels } from "../model/index.ts";

const zoneLabel = "topology.kubernetes.io/zone";
const regionLabel = "topology.kubernetes.io/region";

/** Labels of pods once they are bound: equal ones are one object, so that what is known of it is known of all its pods. */
export class BoundLabels {
  readonly #known = new WeakMap<NonNullable<Labels>, Map<string, NonNullable<Labels>>>();

  /** The pod's labels with zone and region of its node (kube-apiserver copies them at binding, 1.36 default). */
  of(pod: Labels, node: Labels): Labels {
    const zone = node?.[zoneLabel];
    const region = node?.[regionLabel];
    const bind = (): NonNullable<Labels> => ({
      ...pod,
      ...(zone !== undefined && { [zoneLabel]: zone }),
      ...(region !== undefined && { [regionLabel]: region }),
    });
    if (pod === undefined) return zone === undefined && region === undefined ? undefined : bind();
    let known = this.#known.get(pod);
    if (known === undefined) {
      known = new Map();
      this.#known.set(pod, known);
    }
    const place = `${region ?? ""}/${zone ?? ""}`;
    let labels = known.get(place);
    if (labels === undefined) {
      labels = bind();
      known.set(place, labels);
    }
    return labels;
  }
}
