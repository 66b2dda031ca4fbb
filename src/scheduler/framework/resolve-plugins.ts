import {
  ConfigurationError,
  type ExtensionPoint,
  extensionPoints,
  type PluginReference,
  type Profile,
} from "../configuration/kube-scheduler-configuration.ts";
import type { Plugin, PluginDefinition, PluginHandle } from "./plugin.ts";

/** Plugins by name, from which profiles choose. */
export type Registry = ReadonlyMap<string, PluginDefinition>;

/** Plugins by extension point, in the order in which they run. */
export type PluginsByPoint = { readonly [Point in ExtensionPoint]: readonly Plugin[] };

/** The method that makes a plugin take part in a point. */
const methodOf = {
  preEnqueue: "preEnqueue",
  queueSort: "less",
  preFilter: "preFilter",
  filter: "filter",
  postFilter: "postFilter",
  preScore: "preScore",
  score: "score",
  reserve: "reserve",
  permit: "permit",
  preBind: "preBind",
  bind: "bind",
  postBind: "postBind",
} as const satisfies Record<ExtensionPoint, keyof Plugin>;

/** A refusal while a profile is built, in upstream's words. */
export function refused(schedulerName: string, message: string, field = ""): ConfigurationError {
  const where = `initializing profiles: creating profile for scheduler name ${schedulerName}: `;
  return new ConfigurationError("build", field, where + message);
}

/** One instance of every plugin that the profile names. */
export function instantiate(profile: Profile, registry: Registry, handle: PluginHandle): Map<string, Plugin> {
  const needed = new Set(profile.multiPoint.map(({ name }) => name));
  for (const point of extensionPoints) for (const { name } of profile.points[point].enabled) needed.add(name);
  const instances = new Map<string, Plugin>();
  for (const name of needed) {
    const definition = registry.get(name);
    if (definition === undefined) continue; // Named where it would have run, below.
    try {
      instances.set(name, definition.create(profile.pluginConfig.get(name) ?? {}, handle));
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      throw refused(profile.schedulerName, `initializing plugin "${name}": ${error.message}`, error.field);
    }
  }
  return instances;
}

/** `PreFilterPlugin`: upstream's name of the interface of a point. */
const interfaceOf = (point: ExtensionPoint): string => `${point[0]!.toUpperCase()}${point.slice(1)}Plugin`;

/** Which plugins run where; refuses what upstream refuses. */
export function resolvePoints(profile: Profile, instances: ReadonlyMap<string, Plugin>): PluginsByPoint {
  const points: Partial<Record<ExtensionPoint, readonly Plugin[]>> = {};
  for (const point of extensionPoints) checkSpecific(profile, point, instances);
  for (const point of extensionPoints) points[point] = pluginsAt(profile, point, instances);
  return points as PluginsByPoint;
}

function checkSpecific(profile: Profile, point: ExtensionPoint, instances: ReadonlyMap<string, Plugin>): void {
  const seen = new Set<string>();
  for (const { name } of profile.points[point].enabled) {
    const plugin = instances.get(name);
    const wanted = interfaceOf(point);
    if (plugin === undefined) throw refused(profile.schedulerName, `${wanted} "${name}" does not exist`);
    if (plugin[methodOf[point]] === undefined) {
      throw refused(profile.schedulerName, `plugin "${name}" does not extend ${wanted} plugin`);
    }
    if (seen.has(name)) throw refused(profile.schedulerName, `plugin "${name}" already registered as "${wanted}"`);
    seen.add(name);
  }
}

/**
 * First plugins named at this point and in multiPoint, in the order named here; then the rest of multiPoint; then those
 * named only here.
 */
function pluginsAt(profile: Profile, point: ExtensionPoint, instances: ReadonlyMap<string, Plugin>): readonly Plugin[] {
  const { enabled, disabled } = profile.points[point];
  const here = enabled.map(({ name }) => name);
  const off = new Set(disabled.map(({ name }) => name));
  const expanded = new Set<string>();
  const overridden = new Set<string>();
  if (!off.has("*")) {
    for (const { name } of profile.multiPoint) {
      const plugin = instances.get(name);
      if (plugin === undefined) throw refused(profile.schedulerName, `${interfaceOf(point)} "${name}" does not exist`);
      if (plugin[methodOf[point]] === undefined || off.has(name)) continue;
      if (here.includes(name)) overridden.add(name);
      else if (expanded.has(name)) {
        throw refused(profile.schedulerName, `plugin "${name}" already registered as "${interfaceOf(point)}"`);
      } else expanded.add(name);
    }
  }
  const first = here.filter((name) => overridden.has(name));
  const last = here.filter((name) => !overridden.has(name));
  return [...first, ...expanded, ...last].map((name) => instances.get(name)!);
}

/** The weight given at `score` wins over that of multiPoint; 0 and none are 1. */
export function scoreWeights(profile: Profile, scorers: readonly Plugin[]): ReadonlyMap<string, number> {
  const references: readonly PluginReference[] = [...profile.points.score.enabled, ...profile.multiPoint];
  const weights = new Map<string, number>();
  for (const { name } of scorers) {
    const weight = references.find((reference) => reference.name === name)?.weight ?? 0;
    weights.set(name, weight === 0 ? 1 : weight);
  }
  return weights;
}

/** A profile sorts by one plugin, and binds by at least one. */
export function checkCounts({ schedulerName }: Profile, plugins: PluginsByPoint): void {
  if (plugins.queueSort.length !== 1) {
    const got = plugins.queueSort.length;
    throw refused(
      schedulerName,
      `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${got}`,
    );
  }
  if (plugins.bind.length === 0) {
    throw refused(
      schedulerName,
      `at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`,
    );
  }
}
