import { duplicate, type FieldError, forbidden, invalid } from "../field-error.ts";
import type { Node } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { sameContent } from "../same-content.ts";
import { cidr, isIpv6Address } from "./checks.ts";
import { validateQuantityValue } from "./resources.ts";
import { validateTaints } from "./taints-and-tolerations.ts";

/** Upstream: pkg/apis/core/validation `ValidateNode`. */
export function validateNode(node: Node): FieldError[] {
  const errors = validateTaints(node.spec?.taints ?? [], "metadata.taints");
  return [...errors, ...validateResources(node), ...validatePodCidrs(node.spec?.podCIDRs ?? [])];
}

function validateResources({ status }: Node): FieldError[] {
  return (["capacity", "allocatable"] as const).flatMap((list) =>
    sortedEntries(status?.[list]).flatMap(([name, quantity]) =>
      validateQuantityValue(name, quantity, `status.${list}.${name}`),
    ),
  );
}

function validatePodCidrs(blocks: readonly string[]): FieldError[] {
  const at = "spec.podCIDRs";
  const errors = blocks.flatMap((block, index) => cidr(block, `${at}[${index}]`));
  if (blocks.length < 2) return errors;
  const families = new Set(blocks.map((block) => isIpv6Address(block.split("/")[0]!)));
  if (families.size < 2 || blocks.length > 2) {
    errors.push(invalid(at, blocks, "may specify no more than one CIDR for each IP family"));
  }
  return [
    ...errors,
    ...blocks.flatMap((block, index) => (blocks.indexOf(block) < index ? [duplicate(`${at}[${index}]`, block)] : [])),
  ];
}

/** What a changed node is asked: upstream does not look at its blocks of addresses again. */
export function validateNodeUpdate(after: Node, before: Node): FieldError[] {
  const errors = validateResources(after);
  const seen = new Set<string>();
  for (const [index, { type, address }] of (after.status?.addresses ?? []).entries()) {
    const key = `${type}/${address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, { Type: type, Address: address }));
    seen.add(key);
  }
  const [next = {}, was = {}] = [after.spec, before.spec];
  if ((was.podCIDRs?.length ?? 0) > 0 && !sameContent(was.podCIDRs, next.podCIDRs)) {
    errors.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (was.providerID && was.providerID !== next.providerID) {
    errors.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return [...errors, ...validateTaints(next.taints ?? [], "metadata.taints")];
}
