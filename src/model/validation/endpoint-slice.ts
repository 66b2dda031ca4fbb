import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from "../field-error.ts";
import type { Endpoint, EndpointSlice } from "../generated/api-types.ts";
import { validateLabels } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "../names.ts";
import { ipAddress, isIpv4Address, isIpv6Address, named, oneOf, ordinaryAddress, unchanged } from "./checks.ts";

const mostEndpoints = 1000;
const mostAddresses = 100;
const mostPorts = 20_000;
const mostTopologyLabels = 16;
const mostZones = 8;
const addressTypes = ["FQDN", "IPv4", "IPv6"];

/** Upstream: pkg/apis/discovery/validation. The very endpoints that `before` holds are not looked at again. */
export function validateEndpointSlice(slice: EndpointSlice, before?: EndpointSlice): FieldError[] {
  const { addressType = "", endpoints = [] } = slice;
  const known = before?.addressType === addressType ? (before.endpoints ?? []) : [];
  const errors = addressType === "" ? [required("addressType")] : oneOf(addressType, addressTypes, "addressType");
  if (endpoints.length > mostEndpoints) errors.push(tooMany("endpoints", endpoints.length, mostEndpoints));
  else {
    let next = 0;
    for (let index = 0; index < endpoints.length; index += 1) {
      const endpoint = endpoints[index]!;
      const at = known.indexOf(endpoint, next); // Those that stay keep their order.
      if (at >= 0) next = at + 1;
      else errors.push(...validateEndpoint(endpoint, addressType, `endpoints[${index}]`));
    }
  }
  return [...errors, ...validatePorts(slice)];
}

function validateEndpoint(endpoint: Endpoint, addressType: string, at: string): FieldError[] {
  const { addresses = [], nodeName, hostname, hints, deprecatedTopology } = endpoint;
  const field = `${at}.addresses`;
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(field, "must contain at least 1 address"));
  else if (addresses.length > mostAddresses) errors.push(tooMany(field, addresses.length, mostAddresses));
  for (const [index, address] of addresses.entries()) {
    errors.push(...validateAddress(address, addressType, `${field}[${index}]`));
  }
  errors.push(...named(dns1123Subdomain, nodeName, `${at}.nodeName`));
  const topology = Object.keys(deprecatedTopology ?? {}).length;
  if (topology > mostTopologyLabels) errors.push(tooMany(`${at}.deprecatedTopology`, topology, mostTopologyLabels));
  errors.push(...validateLabels(deprecatedTopology, `${at}.deprecatedTopology`));
  errors.push(...named(dns1123Label, hostname, `${at}.hostname`));
  const zones = hints?.forZones ?? [];
  if (zones.length > mostZones) return [...errors, tooMany(`${at}.hints.forZones`, zones.length, mostZones)];
  for (const [index, { name }] of zones.entries()) {
    const zone = `${at}.hints.forZones[${index}].name`;
    if (zones.findIndex((other) => other.name === name) < index) errors.push(duplicate(zone, name));
    errors.push(...labelValue(name).map((message) => invalid(zone, name, message)));
  }
  return errors;
}

function validateAddress(address: string, addressType: string, at: string): FieldError[] {
  if (addressType === "IPv4") {
    const errors = isIpv4Address(address) ? [] : [invalid(at, address, "must be a valid IPv4 address")];
    return [...errors, ...ordinaryAddress(address, at)];
  }
  if (addressType === "IPv6") {
    const errors = isIpv6Address(address) ? [] : [invalid(at, address, "must be a valid IPv6 address")];
    return [...errors, ...ordinaryAddress(address, at)];
  }
  if (addressType !== "FQDN") return addressType === "IP" ? ipAddress(address, at) : [];
  if (address === "") return [required(at)];
  const name = address.replace(/\.$/, "");
  const messages = dns1123Subdomain(name);
  if (messages.length > 0) return [invalid(at, address, messages.join(", "))];
  return name.includes(".")
    ? []
    : [invalid(at, address, "should be a domain with at least two segments separated by dots")];
}

function validatePorts({ ports = [] }: EndpointSlice): FieldError[] {
  if (ports.length > mostPorts) return [tooMany("ports", ports.length, mostPorts)];
  const names = new Set<string>();
  return ports.flatMap(({ name = "", protocol, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = named(dns1123Label, name, `${at}.name`);
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    const protocols = ["SCTP", "TCP", "UDP"];
    if (protocol === undefined) errors.push(required(`${at}.protocol`));
    else if (!protocols.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, protocols));
    return [...errors, ...named(qualifiedName, appProtocol, `${at}.appProtocol`)];
  });
}

export const validateEndpointSliceUpdate = (after: EndpointSlice, before: EndpointSlice): FieldError[] =>
  unchanged(after.addressType, before.addressType, "addressType");
