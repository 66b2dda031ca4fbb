import { type FieldError, invalid, keyOf, type ObjectKey, type Service, type ServiceSpec } from "../model/index.ts";
import type { NewObject } from "./request.ts";
import type { Store } from "./store.ts";

/** A Service with its addresses, or why it cannot have those it asks for. */
export type Addressed<T> =
  | { readonly ok: true; readonly object: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Of 10.96.0.0/16, the cluster's addresses. */
const clusterRange = "10.96.";
const portRange = { first: 30_000, last: 32_767 };

const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);
const needsCheckPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";

/**
 * Cluster IPs and node ports. They are given out in order, where upstream draws them; what a user chose is taken if it is free, and
 * what belonged to a Service that is gone or has let go of it is free again.
 */
export class ServiceAddresses {
  readonly #store: Store;
  readonly #owners = new Map<string, ObjectKey>();
  #nextIP = 256; // Of 10.96.0.0/16; the band at the bottom is for addresses that users choose.
  #nextPort = 30_128;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A new Service, defaulted. Upstream: pkg/registry/core/service/storage `Alloc`. */
  allocate(object: NewObject): Addressed<NewObject> {
    return this.#complete(object, keyOf(object));
  }

  /** A changed one: it keeps what it has unless its type lets go of it. Upstream: `dropTypeDependentFields`, `patchAllocatedValues`. */
  reallocate<T extends Service>(after: T, before: Service): Addressed<T> {
    const kept = { ...after, spec: withKept(withDropped(after.spec, before.spec), before.spec) };
    return this.#complete(kept as unknown as NewObject, keyOf(before)) as unknown as Addressed<T>;
  }

  #complete(object: NewObject, key: ObjectKey): Addressed<NewObject> {
    const spec = (object.spec ?? {}) as ServiceSpec;
    if (spec.type === "ExternalName") return { ok: true, object };
    const errors: FieldError[] = [];
    const clusterIP = spec.clusterIP ?? spec.clusterIPs?.[0] ?? this.#freshIP();
    const clusterIPs = spec.clusterIPs ?? [clusterIP];
    if (clusterIP !== "None" && !clusterIP.startsWith(clusterRange)) {
      const detail = `failed to allocate IP ${clusterIP}: the provided network does not match the current range`;
      errors.push(invalid("spec.clusterIPs", clusterIPs, detail));
    } else if (
      clusterIP !== "None" &&
      !this.#take(clusterIP, key, ({ spec: { clusterIPs: ips } }) => ips?.includes(clusterIP))
    ) {
      const detail = `failed to allocate IP ${clusterIP}: provided IP is already allocated`;
      errors.push(invalid("spec.clusterIPs", clusterIPs, detail));
    }
    const ports = spec.ports?.map((port, index) => {
      const { nodePort = 0, protocol = "TCP" } = port;
      if (nodePort !== 0) errors.push(...this.#choose(nodePort, protocol, key, `spec.ports[${index}].nodePort`));
      if (nodePort !== 0 || !needsNodePorts(spec)) return port;
      return { ...port, nodePort: this.#freshPort(protocol, key, errors) };
    });
    const check = needsCheckPort(spec) ? (spec.healthCheckNodePort ?? this.#freshPort("TCP", key, errors)) : undefined;
    if (errors.length > 0) return { ok: false, errors };
    // Nobody gives a headless Service without a selector any address: it may have endpoints of both families.
    const both = clusterIP === "None" && Object.keys(spec.selector ?? {}).length === 0;
    const families = {
      ipFamilies: spec.ipFamilies ?? (both ? ["IPv4", "IPv6"] : ["IPv4"]),
      ipFamilyPolicy: spec.ipFamilyPolicy ?? (both ? "RequireDualStack" : "SingleStack"),
    };
    const addresses = { clusterIP, clusterIPs, ...families, ...(ports !== undefined && { ports }) };
    const healthCheck = check === undefined ? {} : { healthCheckNodePort: check };
    return { ok: true, object: { ...object, spec: { ...spec, ...addresses, ...healthCheck } } };
  }

  #choose(port: number, protocol: string, key: ObjectKey, field: string): FieldError[] {
    if (port < portRange.first || port > portRange.last) {
      const range = `The range of valid ports is ${portRange.first}-${portRange.last}`;
      return [invalid(field, port, `provided port is not in the valid range. ${range}`)];
    }
    return this.#takePort(port, protocol, key) ? [] : [invalid(field, port, "provided port is already allocated")];
  }

  #takePort(port: number, protocol: string, key: ObjectKey): boolean {
    const holds = ({ spec }: Service): boolean =>
      (protocol === "TCP" && spec.healthCheckNodePort === port) ||
      (spec.ports ?? []).some((held) => held.nodePort === port && (held.protocol ?? "TCP") === protocol);
    return this.#take(`${protocol}/${port}`, key, holds);
  }

  /** Notes who has it, unless another Service still does. */
  #take(address: string, key: ObjectKey, holds: (service: Service) => boolean | undefined): boolean {
    const owner = this.#owners.get(address);
    if (owner !== undefined && owner !== key) {
      const service = this.#store.get("Service", owner);
      if (service !== undefined && holds(service) === true) return false;
    }
    this.#owners.set(address, key);
    return true;
  }

  #freshIP(): string {
    const n = this.#nextIP;
    this.#nextIP += 1;
    return `${clusterRange}${Math.floor(n / 256) % 256}.${n % 256}`;
  }

  /** The next port that no Service has; after the last come those below. */
  #freshPort(protocol: string, key: ObjectKey, errors: FieldError[]): number {
    for (let tries = portRange.first; tries <= portRange.last; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === portRange.last ? portRange.first : port + 1;
      if (this.#takePort(port, protocol, key)) return port;
    }
    errors.push(invalid("spec.ports", "", "failed to allocate a nodePort: range is full"));
    return 0;
  }
}

/** What the former type needed and the new one does not, unless the user changed it in the same request. */
function withDropped(after: ServiceSpec, before: ServiceSpec): ServiceSpec {
  const spec: { -readonly [Key in keyof ServiceSpec]: ServiceSpec[Key] } = { ...after };
  const same = (key: keyof ServiceSpec): boolean => JSON.stringify(after[key]) === JSON.stringify(before[key]);
  if (before.type !== "ExternalName" && after.type === "ExternalName" && same("clusterIP") && same("clusterIPs")) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
  }
  const opened = after.type === "NodePort" || after.type === "LoadBalancer";
  if (needsNodePorts(before) && !opened && nodePortsOf(after) === nodePortsOf(before)) {
    spec.ports = (after.ports ?? []).map(({ nodePort: _nodePort, ...port }) => port);
  }
  if (needsCheckPort(before) && !needsCheckPort(after) && same("healthCheckNodePort")) delete spec.healthCheckNodePort;
  if (before.type === "LoadBalancer" && after.type !== "LoadBalancer") {
    if (same("allocateLoadBalancerNodePorts")) delete spec.allocateLoadBalancerNodePorts;
    if (same("loadBalancerClass")) delete spec.loadBalancerClass;
  }
  if (!opened && (after.externalIPs?.length ?? 0) === 0 && same("externalTrafficPolicy"))
    delete spec.externalTrafficPolicy;
  return spec;
}

const nodePortsOf = ({ ports = [] }: ServiceSpec): string => ports.map(({ nodePort = 0 }) => nodePort).join();

/** What the Service has and the request does not name. */
function withKept(after: ServiceSpec, before: ServiceSpec): ServiceSpec {
  if (after.type === "ExternalName" || before.type === "ExternalName") return after;
  const { clusterIP = before.clusterIP } = after;
  // Who changes the one field alone means both (`NormalizeClusterIPs`).
  const alone =
    clusterIP !== before.clusterIP && JSON.stringify(after.clusterIPs) === JSON.stringify(before.clusterIPs);
  const clusterIPs = alone && clusterIP !== undefined ? [clusterIP] : (after.clusterIPs ?? before.clusterIPs);
  const held = new Map(
    (before.ports ?? []).map(({ port, protocol = "TCP", nodePort = 0 }) => [`${protocol}/${port}`, nodePort]),
  );
  const keepsPorts = needsNodePorts(after) && needsNodePorts(before);
  const ports = after.ports?.map((port) => {
    const nodePort = held.get(`${port.protocol ?? "TCP"}/${port.port}`) ?? 0;
    return keepsPorts && (port.nodePort ?? 0) === 0 && nodePort !== 0 ? { ...port, nodePort } : port;
  });
  const check =
    needsCheckPort(after) && needsCheckPort(before)
      ? (after.healthCheckNodePort ?? before.healthCheckNodePort)
      : undefined;
  return {
    ...after,
    ...(clusterIP !== undefined && { clusterIP }),
    ...(clusterIPs !== undefined && { clusterIPs }),
    ...(ports !== undefined && { ports }),
    ...(check !== undefined && { healthCheckNodePort: check }),
  };
}
