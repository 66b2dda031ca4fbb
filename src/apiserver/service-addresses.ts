import type { Service } from "../model/index.ts";
import type { NewObject } from "./request.ts";

/** Cluster IPs and node ports, given out in order. A user's own choice is taken as it is. */
export class ServiceAddresses {
  #nextIP = 256; // Of 10.96.0.0/16; the band at the bottom is for addresses that users choose.
  #nextPort = 30_128;

  allocate(object: NewObject): NewObject {
    const spec = (object.spec ?? {}) as Service["spec"];
    if (spec.type === "ExternalName") return object;
    const clusterIP = spec.clusterIP ?? this.#ip();
    const nodePorts =
      (spec.type === "NodePort" || spec.type === "LoadBalancer") && spec.allocateLoadBalancerNodePorts !== false;
    const ports = nodePorts
      ? (spec.ports ?? []).map((port) => ({ ...port, nodePort: port.nodePort ?? this.#port() }))
      : spec.ports;
    const families = { ipFamilies: spec.ipFamilies ?? ["IPv4"], ipFamilyPolicy: spec.ipFamilyPolicy ?? "SingleStack" };
    return {
      ...object,
      spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ...families, ...(ports !== undefined && { ports }) },
    };
  }

  #ip(): string {
    const n = this.#nextIP;
    this.#nextIP += 1;
    return `10.96.${Math.floor(n / 256) % 256}.${n % 256}`;
  }

  #port(): number {
    this.#nextPort += 1;
    return this.#nextPort - 1;
  }
}
