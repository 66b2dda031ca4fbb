import type { Pod } from "../../model/index.ts";
import { definePlugin, maxNodeScore } from "../framework/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

const mebibyte = 1024 * 1024;
const lowestBytes = 23 * mebibyte;
const highestBytesPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images, large ones above all, discounted while few nodes have them. */
export const imageLocality = definePlugin({
  name: "ImageLocality",
  create: (_args, { snapshot }) => ({
    name: "ImageLocality",
    score: (_state, { pod }, node) => imageScore(pod, node, snapshot),
  }),
});

function imageScore(pod: Pod, node: NodeInfo, snapshot: Snapshot): number {
  if (node.images.size === 0) return 0; // Nothing to add up: below the lowest size that counts.
  const { spec } = pod;
  let sum = 0;
  for (const { image } of spec.initContainers ?? []) sum += spreadSize(image, node, snapshot);
  for (const { image } of spec.containers) sum += spreadSize(image, node, snapshot);
  for (const { image } of spec.volumes ?? []) sum += spreadSize(image?.reference, node, snapshot);
  const highest = highestBytesPerContainer * (spec.containers.length + (spec.initContainers?.length ?? 0));
  const counted = Math.min(Math.max(sum, lowestBytes), highest);
  return Math.trunc((maxNodeScore * (counted - lowestBytes)) / (highest - lowestBytes));
}

/** The image's size, scaled by the share of nodes that have it; 0 if this node does not. */
function spreadSize(image: string | undefined, node: NodeInfo, snapshot: Snapshot): number {
  if (image === undefined) return 0;
  const name = withTag(image);
  if (!node.images.has(name)) return 0;
  const state = snapshot.images.get(name);
  return state === undefined ? 0 : Math.trunc(state.sizeBytes * (state.nodes.size / snapshot.nodeCount));
}

/** `:latest` when no tag follows the last slash; no registry is added. */
function withTag(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}
