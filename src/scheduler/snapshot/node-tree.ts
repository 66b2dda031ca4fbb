import type { Node } from "../../model/index.ts";

/** Region and zone as one key, the old beta labels first; a node without any of them is in the zone "". */
export function zoneKey(node: Node): string {
  const labels = node.metadata.labels;
  const region =
    labels?.["failure-domain.beta.kubernetes.io/region"] ?? labels?.["topology.kubernetes.io/region"] ?? "";
  const zone = labels?.["failure-domain.beta.kubernetes.io/zone"] ?? labels?.["topology.kubernetes.io/zone"] ?? "";
  return region === "" && zone === "" ? "" : `${region}:\u0000:${zone}`;
}

/** Nodes by zone: zones in order of first appearance, nodes within in order of arrival, listed round robin over zones. */
export class NodeTree {
  readonly #zones: Map<string, Set<string>> = new Map();

  add(node: Node): void {
    const key = zoneKey(node);
    const zone = this.#zones.get(key);
    if (zone === undefined) this.#zones.set(key, new Set([node.metadata.name]));
    else zone.add(node.metadata.name);
  }

  /** A zone that becomes empty loses its place. */
  remove(node: Node): void {
    const key = zoneKey(node);
    const zone = this.#zones.get(key);
    if (zone === undefined) return;
    zone.delete(node.metadata.name);
    if (zone.size === 0) this.#zones.delete(key);
  }

  /** Keeps the node's place while its zone stays; answers whether it moved. */
  update(before: Node, after: Node): boolean {
    if (zoneKey(before) === zoneKey(after)) return false;
    this.remove(before);
    this.add(after);
    return true;
  }

  list(): string[] {
    const zones = [...this.#zones.values()].map((zone) => [...zone]);
    const longest = zones.reduce((length, zone) => Math.max(length, zone.length), 0);
    const names: string[] = [];
    for (let at = 0; at < longest; at++) {
      for (const zone of zones) if (at < zone.length) names.push(zone[at]!);
    }
    return names;
  }
}
