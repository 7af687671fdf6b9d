// format.js - numbers, times and states as people read them. SPDX-License-Identifier: MIT
import {el} from "./dom.js";

// Three digits, as the CLI has them.
function digits(number) {
    return Math.abs(number) >= 1000 ? number.toFixed(0) : String(Number(number.toPrecision(3)));
}

export function isNumber(value) {
    return typeof value === "number" && Number.isFinite(value);
}

export function value(number, unit) {
    if (!isNumber(number))
        return "";
    if (unit === "ratio")
        return `${digits(number * 100)} %`;
    return unit ? `${digits(number)} ${unit}` : digits(number);
}

export function percent(share) {
    return `${digits(isNumber(share) ? share : 0)} %`;
}

export function duration(seconds) {
    const parts = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
    const whole = Math.max(0, Math.round(seconds));
    const first = parts.findIndex(([, size]) => whole >= size);
    if (first < 0)
        return "0s";
    const [name, size] = parts[first];
    const [nextName, nextSize] = parts[first + 1] || ["", 1];
    const rest = nextName ? Math.floor((whole % size) / nextSize) : 0;
    return `${Math.floor(whole / size)}${name}${rest ? ` ${rest}${nextName}` : ""}`;
}

// "12:04:31" of today and "11-23 12:04" of other days, in UTC as everywhere else; the whole in the title.
export function time(stamp) {
    if (!stamp)
        return el("span", {class: "dim"}, "–");
    const today = new Date().toISOString().slice(0, 10);
    const short = stamp.startsWith(today) ? stamp.slice(11, 19) : `${stamp.slice(5, 10)} ${stamp.slice(11, 16)}`;
    const ago = (Date.now() - Date.parse(stamp)) / 1000;
    return el("time", {datetime: stamp, title: `${stamp}, ${ago < 0 ? `in ${duration(-ago)}` : `${duration(ago)} ago`}`}, short);
}

const looks = {
    good: {sign: "✔", states: ["promoted", "pass", "done", "released", "passed", "ok"]},
    bad: {sign: "✖", states: ["rolled_back", "rolling_back", "rejected", "fail", "failed", "aborted", "escalated", "frozen", "braked"]},
    warn: {sign: "‖", states: ["held", "waiting", "asking", "awaiting", "waiting for people", "stopping"]},
    moving: {sign: "●", states: ["running", "watching", "admitting", "current", "acting", "observing"]},
};

export function look(state) {
    const found = Object.entries(looks).find(([, {states}]) => states.includes(state));
    return found ? {kind: found[0], sign: found[1].sign} : {kind: "quiet", sign: "◌"};
}

// What a deployment is to people: held and waiting before running.
export function stateOf(deployment) {
    if (deployment.escalated)
        return "escalated";
    const moves = deployment.state === "running" || deployment.state === "watching";
    return moves && ["held", "waiting"].includes(deployment.step_state) ? deployment.step_state : deployment.state;
}

// What it says of itself, without the place that stands beside it.
export function sentence(deployment) {
    const place = `${deployment.service}/${deployment.environment} `;
    return deployment.summary.startsWith(place) ? deployment.summary.slice(place.length) : deployment.summary;
}

// A state as a sign and a word: colour is never alone.
export function chip(state, words) {
    const {kind, sign} = look(state);
    return el("span", {class: `chip ${kind}`}, el("span", {"aria-hidden": "true"}, sign), " ", words || state.replaceAll("_", " "));
}

export function mark(state) {
    const {kind, sign} = look(state);
    return el("span", {class: `mark ${kind}`, role: "img", "aria-label": state.replaceAll("_", " ")}, sign);
}
