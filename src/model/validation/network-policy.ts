import type { JsonObject } from "../decode.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { portNumber } from "../names.ts";
import type { IntOrString } from "../object-meta.ts";
import { validateLabelSelector } from "../selectors.ts";
import { cidr, isCidr, isStrictSubset, oneOf, portNumberOrName } from "./checks.ts";
import { list } from "./untyped.ts";

const policyTypes = ["Ingress", "Egress"];

/** Upstream: pkg/apis/networking/validation `ValidateNetworkPolicySpec`. */
export function validateNetworkPolicy(policy: JsonObject): FieldError[] {
  const spec = (policy["spec"] ?? {}) as JsonObject;
  const errors = validateLabelSelector(spec["podSelector"] as never, "spec.podSelector");
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const [index, rule] of list(spec[direction]).entries()) {
      const at = `spec.${direction}[${index}]`;
      for (const [position, port] of list(rule["ports"]).entries())
        errors.push(...policyPort(port, `${at}.ports[${position}]`));
      for (const [position, peer] of list(rule[peers]).entries())
        errors.push(...policyPeer(peer, `${at}.${peers}[${position}]`));
    }
  }
  const types = list(spec["policyTypes"]) as unknown as readonly string[];
  if (types.length > policyTypes.length) {
    return [...errors, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")];
  }
  for (const [index, type] of types.entries()) errors.push(...oneOf(type, policyTypes, `spec.policyTypes[${index}]`));
  return errors;
}

function policyPort({ protocol, port, endPort }: JsonObject, at: string): FieldError[] {
  const errors = oneOf(protocol as string, ["TCP", "UDP", "SCTP"], `${at}.protocol`);
  const end = (detail: string): FieldError => invalid(`${at}.endPort`, endPort, detail);
  if (port === undefined) {
    return endPort === undefined ? errors : [...errors, end("may not be specified when `port` is not specified")];
  }
  if (typeof port === "string" && endPort !== undefined) {
    errors.push(end("may not be specified when `port` is non-numeric"));
  }
  errors.push(...portNumberOrName(port as IntOrString, `${at}.port`));
  if (typeof port !== "number" || endPort === undefined) return errors;
  if ((endPort as number) < port) errors.push(end("must be greater than or equal to `port`"));
  return [...errors, ...portNumber(endPort as number).map(end)];
}

function policyPeer({ podSelector, namespaceSelector, ipBlock }: JsonObject, at: string): FieldError[] {
  const selectors = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selectors && ipBlock === undefined) return [required(at, "must specify a peer")];
  const errors = validateLabelSelector(podSelector as never, `${at}.podSelector`);
  errors.push(...validateLabelSelector(namespaceSelector as never, `${at}.namespaceSelector`));
  if (ipBlock === undefined) return errors;
  errors.push(...validateBlock(ipBlock as AddressBlock, at));
  return selectors ? [...errors, forbidden(at, "may not specify both ipBlock and another peer")] : errors;
}

interface AddressBlock {
  readonly cidr?: string;
  readonly except?: readonly string[];
}

function validateBlock({ cidr: whole = "", except = [] }: AddressBlock, at: string): FieldError[] {
  if (whole === "") return [required(`${at}.ipBlock.cidr`)];
  const errors = cidr(whole, `${at}.ipBlock.cidr`);
  if (!isCidr(whole)) return errors;
  for (const [index, excepted] of except.entries()) {
    const field = `${at}.ipBlock.except[${index}]`;
    if (!isCidr(excepted)) errors.push(...cidr(excepted, field));
    else if (!isStrictSubset(excepted, whole)) {
      errors.push(invalid(field, excepted, "must be a strict subset of `cidr`"));
    }
  }
  return errors;
}
