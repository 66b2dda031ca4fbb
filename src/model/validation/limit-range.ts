import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { LimitRange, LimitRangeItem } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { qualifiedName } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { parseAmount, scaledValue } from "../quantity-amount.ts";
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from "./resources.ts";

const standardTypes = ["Pod", "Container", "PersistentVolumeClaim"];
const lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

/** Upstream: pkg/apis/core/validation `ValidateLimitRange`. */
export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = `spec.limits[${index}]`;
    const { type } = item;
    const errors = qualifiedName(type).map((message) => invalid(`${at}.type`, type, message));
    if (errors.length === 0 && !type.includes("/") && !standardTypes.includes(type)) {
      errors.push(invalid(`${at}.type`, type, "must be a standard limit type or fully qualified"));
    }
    if (types.has(type)) errors.push(duplicate(`${at}.type`, type));
    types.add(type);
    return [...errors, ...validateNames(item, at), ...validateBounds(item, at)];
  });
}

function validateNames(item: LimitRangeItem, at: string): FieldError[] {
  const { type } = item;
  const rule = type === "Pod" || type === "Container" ? validateContainerResourceName : validateResourceName;
  return lists.flatMap((list) => {
    const names = sortedEntries(item[list]).map(([name]) => name);
    const ofPod = type === "Pod" && (list === "default" || list === "defaultRequest");
    const errors = ofPod
      ? names.slice(0, 1).map(() => forbidden(`${at}.${list}`, "may not be specified when `type` is 'Pod'"))
      : names.flatMap((name) => rule(name, `${at}.${list}[${name}]`));
    const unbounded = item.min?.["storage"] === undefined && item.max?.["storage"] === undefined;
    if (list === "defaultRequest" && type === "PersistentVolumeClaim" && unbounded) {
      const detail = "either minimum or maximum storage value is required, but neither was provided";
      errors.push(required(`${at}.limits`, detail));
    }
    return errors;
  });
}

function validateBounds(item: LimitRangeItem, at: string): FieldError[] {
  const { min = {}, max = {}, maxLimitRequestRatio = {} } = item;
  const [limits, requests] = item.type === "Pod" ? [{}, {}] : [item.default ?? {}, item.defaultRequest ?? {}];
  const names = [min, max, limits, requests, maxLimitRequestRatio].flatMap((list) => Object.keys(list));
  const errors: FieldError[] = [];
  const ordered = (low: string | undefined, high: string | undefined): boolean =>
    low === undefined || high === undefined || compareQuantities(low, high) <= 0;
  for (const name of [...new Set(names)].sort()) {
    const [lowest, highest, usual, request] = [min[name], max[name], limits[name], requests[name]];
    const complain = (key: string, shown: string | undefined, text: string): void =>
      void errors.push(invalid(`${at}.${key}[${name}]`, shown, text));
    if (!ordered(lowest, highest)) complain("min", lowest, `min value ${lowest} is greater than max value ${highest}`);
    if (!ordered(lowest, request)) {
      complain("defaultRequest", request, `min value ${lowest} is greater than default request value ${request}`);
    }
    if (!ordered(request, highest)) {
      complain("defaultRequest", request, `default request value ${request} is greater than max value ${highest}`);
    }
    if (!ordered(request, usual)) {
      const text = `default request value ${request} is greater than default limit value ${usual}`;
      complain("defaultRequest", request, text);
    }
    if (!ordered(lowest, usual))
      complain("default", lowest, `min value ${lowest} is greater than default value ${usual}`);
    if (!ordered(usual, highest))
      complain("default", highest, `default value ${usual} is greater than max value ${highest}`);
    const ratio = maxLimitRequestRatio[name];
    if (ratio !== undefined) {
      if (compareQuantities(ratio, "1") < 0) complain("maxLimitRequestRatio", ratio, `ratio ${ratio} is less than 1`);
      if (lowest !== undefined && highest !== undefined) {
        const widest = milli(highest) / milli(lowest);
        if (milli(ratio) / 1000 > widest) {
          complain("maxLimitRequestRatio", ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`);
        }
      }
    }
    const differ = usual !== undefined && request !== undefined && compareQuantities(usual, request) !== 0;
    if (!isOvercommitAllowed(name) && differ) {
      complain(
        "defaultRequest",
        request,
        `default value ${usual} must equal to defaultRequest value ${request} in ${name}`,
      );
    }
  }
  return errors;
}

const milli = (text: string): number => Number(scaledValue(parseAmount(text), -3));
