import type { PodSpec } from "../../model/index.ts";
import { definePlugin, maxNodeScore } from "../framework/plugin.ts";
import type { ImageState } from "../snapshot/image-states.ts";
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
    score: (_state, { pod }, node) => imageScore(pod.spec, node, snapshot),
  }),
});

function imageScore(spec: PodSpec, node: NodeInfo, snapshot: Snapshot): number {
  if (node.images.size === 0) return 0; // Nothing to add up: below the lowest size that counts.
  let sum = 0;
  for (const name of imagesOf(spec)) {
    const state = node.images.has(name) ? snapshot.images.get(name) : undefined;
    if (state !== undefined) sum += spreadBytes(state, snapshot.nodeCount);
  }
  return scoreOfBytes(sum, containerCount(spec));
}

/** All that counts for the score of a pod, with a tag each: images of containers and of volumes. */
export function imagesOf(spec: PodSpec): string[] {
  const names: string[] = [];
  for (const { image } of spec.initContainers ?? []) if (image !== undefined) names.push(withTag(image));
  for (const { image } of spec.containers) if (image !== undefined) names.push(withTag(image));
  for (const { image } of spec.volumes ?? []) if (image?.reference !== undefined) names.push(withTag(image.reference));
  return names;
}

export function containerCount({ containers, initContainers }: PodSpec): number {
  return containers.length + (initContainers?.length ?? 0);
}

/** The image's size, scaled by the share of nodes that have it. */
export function spreadBytes({ sizeBytes, nodes }: ImageState, nodeCount: number): number {
  return Math.trunc(sizeBytes * (nodes / nodeCount));
}

/** The score of a node on which the pod finds so much. */
export function scoreOfBytes(bytes: number, containers: number): number {
  const highest = highestBytesPerContainer * containers;
  const counted = Math.min(Math.max(bytes, lowestBytes), highest);
  return Math.trunc((maxNodeScore * (counted - lowestBytes)) / (highest - lowestBytes));
}

/** `:latest` when no tag follows the last slash; no registry is added. */
function withTag(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}
