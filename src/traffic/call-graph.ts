import type { Link } from "./link.ts";
import type { Service } from "./service.ts";

/**
 * Ranks services so that callers come before what they call. A call that closes a circle is marked and carries nothing:
 * the run goes on, and `planProblems` has said so before.
 */
export function rankServices(services: Iterable<Service>): void {
  const state = new Map<Service, "open" | "done">();
  const finished: Service[] = [];
  const visit = (service: Service): void => {
    state.set(service, "open");
    for (const link of service.calls) {
      link.closesCircle = state.get(link.target) === "open";
      if (state.get(link.target) === undefined) visit(link.target);
    }
    state.set(service, "done");
    finished.push(service);
  };
  for (const service of services) if (state.get(service) === undefined) visit(service);
  finished.forEach((service, index) => {
    service.rank = finished.length - index;
  });
}

/** The link from a service to another, made when it is first asked for. */
export function linkBetween(source: Service, target: Service, make: () => Link): Link {
  for (const link of source.calls) if (link.target === target) return link;
  const link = make();
  source.calls.push(link);
  target.links.push(link);
  return link;
}
