// printed.js - what the commands of a deployment or a run print, while that part is open. SPDX-License-Identifier: MIT
import {read} from "./api.js";
import {el, patch} from "./dom.js";
import {mark} from "./format.js";
import {repeat} from "./live.js";

const everyMs = 2000, pagesMost = 10;

function ending(entry) {
    if (entry.timed_out)
        return "stopped at its deadline";
    if (entry.cancelled)
        return "cancelled";
    if (entry.signal > 0)
        return `ended by signal ${entry.signal}`;
    if (entry.error)
        return `not executed: ${entry.error}`;
    return entry.exit_status > 0 ? `ended with status ${entry.exit_status}` : "done";
}

function shape(entry) {
    const says = entry.stage ? [entry.result, entry.deployment].filter(Boolean).join(", ") : entry.state === "running" ? "running" : entry.state === "ended" ? ending(entry) : entry.result || "under way";
    const isGood = says === "done" || (entry.stage && entry.result === "done");
    return el("li", {"data-key": entry.place},
        mark(isGood ? "done" : ["running", "under way"].includes(says) ? "running" : "failed"), " ", el("b", null, entry.name || entry.kind),
        entry.host && ` on ${entry.host}`, el("span", {class: "dim"}, ` ${entry.stage ? `stage ${entry.stage}` : `step ${entry.step + 1}`}${entry.try > 1 ? `, try ${entry.try}` : ""}${entry.rollback ? ", on the way back" : ""}: ${says}`),
        entry.why && el("p", {class: "dim"}, entry.why), entry.output && el("pre", {tabindex: 0}, entry.output));
}

// Of one thing, "v1/deployments/dep_7"; of a run perhaps of one task alone.
export async function readPrinted(path, {signal, task} = {}) {
    const entries = [];
    let page = {more: true, next: "", missing: null};
    for (let i = 0; i < pagesMost && page.more && page.missing === null; i++) {
        page = await read(`${path}/logs?after=${encodeURIComponent(page.next)}${task ? `&task=${encodeURIComponent(task)}` : ""}`, {signal});
        entries.push(...page.entries);
    }
    return {...page, entries: entries.filter((entry) => entry.kind === "command" || entry.output)};
}

// The folded part; `stop` ends what it has begun.
export function newPrinted(pathOf) {
    const list = el("div"), part = el("details", null, el("summary", null, "What commands printed"), list);
    let end = () => {};

    function show({entries, missing, more}) {
        patch(list, missing !== null && el("p", {class: "problem"}, `Not all of it could be read: ${missing}`),
            entries.length === 0 ? el("p", {class: "dim"}, "No command has run.") : el("ol", {class: "printed"}, entries.map(shape)),
            more && el("p", {class: "dim"}, "There is more: verdict logs shows all of it."));
    }

    part.addEventListener("toggle", () => {
        end();
        end = () => {};
        if (part.open)
            end = repeat((signal) => readPrinted(pathOf(), {signal}), everyMs, show, (problem) => patch(list, el("p", {class: "problem"}, problem.message)));
    });
    return {part, stop: () => end()};
}
