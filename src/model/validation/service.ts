import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { Service, ServicePort, ServiceSpec } from "../generated/api-types.ts";
import { validateLabels } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from "../names.ts";
import { cidr, ipAddress, isIpv6Address, named, oneOf, ordinaryAddress, portNumberOrName } from "./checks.ts";

const none = "None";
const isHeadless = ({ clusterIPs = [] }: ServiceSpec): boolean => clusterIPs.length === 1 && clusterIPs[0] === none;

/** Rules of a Service whose addresses are allocated. Upstream: `ValidateService`. */
export function validateService(service: Service): FieldError[] {
  const { spec } = service;
  const ports = spec.ports ?? [];
  const headless = isHeadless(spec);
  const errors: FieldError[] = [];
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") errors.push(required("spec.ports"));
  if (headless && (spec.type === "LoadBalancer" || spec.type === "NodePort")) {
    errors.push(invalid("spec.clusterIPs[0]", none, `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type === "ExternalName") errors.push(...validateExternalName(spec));
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    errors.push(...validatePort(port, ports.length > 1, names, `spec.ports[${index}]`));
  }
  errors.push(...validateLabels(spec.selector, "spec.selector"));
  errors.push(...validateSessionAffinity(spec), ...validateAddresses(spec));
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    const wrong = ipAddress(address, at);
    errors.push(...(wrong.length > 0 ? wrong : ordinaryAddress(address, at)));
  }
  errors.push(...oneOf(spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], "spec.type"));
  errors.push(...validateNodePorts(spec, ports));
  errors.push(...validateLoadBalancer(service));
  errors.push(...validateTrafficPolicies(spec));
  return errors;
}

function validateExternalName(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const detail = "may not be set for ExternalName services";
  if ((spec.clusterIPs?.length ?? 0) > 0) errors.push(forbidden("spec.clusterIPs", detail));
  if ((spec.ipFamilies?.length ?? 0) > 0) errors.push(forbidden("spec.ipFamilies", detail));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden("spec.ipFamilyPolicy", detail));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  return [
    ...errors,
    ...(name === "" ? [required("spec.externalName")] : named(dns1123Subdomain, name, "spec.externalName")),
  ];
}

function validatePort(port: ServicePort, named_: boolean, names: Set<string>, at: string): FieldError[] {
  const { name = "", protocol, targetPort, appProtocol } = port;
  const errors: FieldError[] = [];
  if (name === "" && named_) errors.push(required(`${at}.name`));
  else if (name !== "") {
    errors.push(...named(dns1123Label, name, `${at}.name`));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  errors.push(...portNumberOrName(port.port, `${at}.port`));
  errors.push(...oneOf(protocol, ["SCTP", "TCP", "UDP"], `${at}.protocol`));
  errors.push(...portNumberOrName(targetPort, `${at}.targetPort`));
  return [...errors, ...named(qualifiedName, appProtocol, `${at}.appProtocol`)];
}

function validateSessionAffinity({ sessionAffinity, sessionAffinityConfig: config }: ServiceSpec): FieldError[] {
  const at = "spec.sessionAffinityConfig";
  const errors = oneOf(sessionAffinity, ["ClientIP", "None"], "spec.sessionAffinity");
  if (sessionAffinity === "None" && config !== undefined) {
    errors.push(forbidden(at, "must not be set when session affinity is None"));
  }
  if (sessionAffinity !== "ClientIP") return errors;
  const detail = "when session affinity type is ClientIP";
  if (config === undefined) return [...errors, required(at, detail)];
  if (config.clientIP === undefined) return [...errors, required(`${at}.clientIP`, detail)];
  const seconds = config.clientIP.timeoutSeconds;
  const field = `${at}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [...errors, required(field, detail)];
  if (seconds > 0 && seconds <= 86_400) return errors;
  return [...errors, invalid(field, seconds, "must be greater than 0 and less than 86400")];
}

/** `clusterIP`, `clusterIPs` and `ipFamilies` go together. Upstream: `ValidateServiceClusterIPsRelatedFields`. */
function validateAddresses(spec: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName") return [];
  const { clusterIP = "", clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const at = "spec.clusterIPs";
  const errors: FieldError[] = [];
  if (clusterIP !== "" && clusterIPs.length === 0) errors.push(required(at));
  else if (clusterIP !== "" && clusterIPs[0] !== clusterIP) {
    errors.push(invalid(at, clusterIPs, "first value must match `clusterIP`"));
  } else if (clusterIP === "" && clusterIPs.length > 0) {
    errors.push(invalid(at, clusterIPs, "must be empty when `clusterIP` is not specified"));
  }
  const seen = new Set<string>();
  for (const [index, family] of ipFamilies.entries()) {
    errors.push(...oneOf(family, ["IPv4", "IPv6"], `spec.ipFamilies[${index}]`));
    if (seen.has(family)) errors.push(duplicate(`spec.ipFamilies[${index}]`, family));
    seen.add(family);
  }
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  errors.push(...oneOf(ipFamilyPolicy, policies, "spec.ipFamilyPolicy"));
  let wrong = false;
  for (const [index, address] of clusterIPs.entries()) {
    if (index === 0 && address === none) {
      if (clusterIPs.length === 1) continue;
      wrong = true;
      errors.push(invalid(at, clusterIPs, "'None' must be the first and only value"));
      continue;
    }
    const complaints = ipAddress(address, `${at}[${index}]`);
    wrong ||= complaints.length > 0;
    errors.push(...complaints);
  }
  if (clusterIPs.length > 2) errors.push(invalid(at, clusterIPs, "may only hold up to 2 values"));
  if (wrong) return errors;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(isIpv6Address)).size < 2) {
    errors.push(invalid(at, clusterIPs, "may specify no more than one IP for each IP family"));
  }
  if (isHeadless(spec)) return errors;
  for (const [index, address] of clusterIPs.entries()) {
    const family = ipFamilies[index];
    if (family === undefined || (family === "IPv6") === isIpv6Address(address)) continue;
    errors.push(
      invalid(`${at}[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``),
    );
  }
  return errors;
}

function validateNodePorts({ type }: ServiceSpec, ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = [];
  const [taken, wanted] = [new Set<string>(), new Set<string>()];
  if (type === "ClusterIP") {
    for (const [index, { nodePort = 0 }] of ports.entries()) {
      if (nodePort === 0) continue;
      errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
  }
  for (const [index, { nodePort = 0, protocol = "" }] of ports.entries()) {
    if (nodePort === 0) continue;
    const key = `${protocol}/${nodePort}`;
    if (taken.has(key)) errors.push(duplicate(`spec.ports[${index}].nodePort`, nodePort));
    taken.add(key);
  }
  for (const [index, { port, protocol = "" }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (wanted.has(key)) {
      const shown = { Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
      errors.push(duplicate(`spec.ports[${index}]`, shown));
    }
    wanted.add(key);
  }
  return errors;
}

const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

function validateLoadBalancer({ metadata, spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const balanced = spec.type === "LoadBalancer";
  const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const annotated = metadata.annotations?.[rangesAnnotation];
  if (ranges.length > 0) {
    const at = "spec.LoadBalancerSourceRanges";
    if (!balanced) errors.push(forbidden(at, onlyBalanced));
    for (const [index, range] of ranges.entries()) errors.push(...cidr(range.trim(), `${at}[${index}]`));
  } else if (annotated !== undefined) {
    const at = `metadata.annotations[${rangesAnnotation}]`;
    if (!balanced) errors.push(forbidden(at, onlyBalanced));
    if (annotated.trim() !== "") {
      for (const range of annotated.trim().split(",")) errors.push(...cidr(range.trim(), at));
    }
  }
  const nodePorts = spec.allocateLoadBalancerNodePorts;
  if (nodePorts !== undefined && !balanced) errors.push(forbidden("spec.allocateLoadBalancerNodePorts", onlyBalanced));
  if (nodePorts === undefined && balanced) errors.push(required("allocateLoadBalancerNodePorts"));
  if (spec.loadBalancerClass === undefined) return errors;
  if (!balanced) return [...errors, forbidden("spec.loadBalancerClass", onlyBalanced)];
  return [...errors, ...named(qualifiedName, spec.loadBalancerClass, "spec.loadBalancerClass")];
}

function validateTrafficPolicies(spec: ServiceSpec): FieldError[] {
  const { type, externalTrafficPolicy: external, healthCheckNodePort: check = 0, trafficDistribution } = spec;
  const errors: FieldError[] = [];
  const reachable =
    type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
  const at = "spec.externalTrafficPolicy";
  if (!reachable && external !== undefined) {
    errors.push(invalid(at, external, "may only be set for externally-accessible services"));
  } else if (reachable && external === undefined) errors.push(required(at));
  else errors.push(...oneOf(external, ["Cluster", "Local"], at));
  const checked = type === "LoadBalancer" && external === "Local";
  const field = "spec.healthCheckNodePort";
  if (!checked && check !== 0) {
    errors.push(
      invalid(field, check, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
    );
  } else if (checked && check === 0) errors.push(required(field));
  else if (checked) errors.push(...portNumber(check).map((message) => invalid(field, check, message)));
  errors.push(...oneOf(spec.internalTrafficPolicy, ["Cluster", "Local"], "spec.internalTrafficPolicy"));
  const distributions = ["PreferClose", "PreferSameNode", "PreferSameZone"];
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution)) {
    errors.push(notSupported("spec.trafficDistribution", trafficDistribution, distributions));
  }
  return errors;
}

/** A primary address stays; the second may come and go with the policy. Upstream: `validateUpgradeDowngradeClusterIPs` and kin. */
export function validateServiceUpdate({ spec: after }: Service, { spec: before }: Service): FieldError[] {
  const errors: FieldError[] = [];
  if (before.type !== "ExternalName" && after.type !== "ExternalName") {
    if (!(isHeadless(before) && isHeadless(after)))
      errors.push(...fixedPrimary(after, before, "clusterIPs", "clusterIP"));
    if (!isHeadless(before) && !isHeadless(after))
      errors.push(...fixedPrimary(after, before, "ipFamilies", "ipFamily"));
  }
  if (before.type === "LoadBalancer" && after.type === "LoadBalancer") {
    if (before.loadBalancerClass !== after.loadBalancerClass) {
      errors.push(invalid("spec.loadBalancerClass", after.loadBalancerClass ?? null, "may not change once set"));
    }
    const checks = [before, after].every(({ externalTrafficPolicy }) => externalTrafficPolicy === "Local");
    if (checks && before.healthCheckNodePort !== after.healthCheckNodePort) {
      errors.push(forbidden("spec.healthCheckNodePort", "field is immutable"));
    }
  }
  return errors;
}

function fixedPrimary(
  after: ServiceSpec,
  before: ServiceSpec,
  list: "clusterIPs" | "ipFamilies",
  noun: string,
): FieldError[] {
  const [next, was] = [after[list] ?? [], before[list] ?? []];
  const at = `spec.${list}`;
  if (next.length === was.length) {
    return was.flatMap((value, index) =>
      value === next[index]
        ? []
        : [invalid(`${at}[${list === "clusterIPs" ? index : 0}]`, next, "may not change once set")],
    );
  }
  const errors: FieldError[] = [];
  if (next.length === 0) errors.push(invalid(`${at}[0]`, after[list] ?? null, `primary ${noun} can not be unset`));
  else if (was.length > 0 && next[0] !== was[0]) errors.push(invalid(`${at}[0]`, next, "may not change once set"));
  if (next.length === 1 && was.length > 1 && after.ipFamilyPolicy !== "SingleStack") {
    const detail = `must be set to 'SingleStack' when releasing the secondary ${noun}`;
    errors.push(invalid("spec.ipFamilyPolicy", after.ipFamilyPolicy ?? null, detail));
  }
  return errors;
}
