// runs.js - runs of pipelines, groups and stacks, newest first. SPDX-License-Identifier: MIT
import {read} from "./api.js";
import {el, patch} from "./dom.js";
import {mark, time} from "./format.js";
import {repeat} from "./live.js";
import {cell, more, number, table} from "./table.js";

const everyMs = 3000, latest = 50;

export function nameOf(run) {
    return `${run.purpose ? `${run.purpose}:${run.service}/${run.environment}` : run.stack ? `${run.stack}/${run.environment}` : run.pipeline || run.group || ""} ${run.version}`;
}

// What it says of itself, without the name that stands beside it.
export function sayingOf(run) {
    const name = `${nameOf(run)}: `;
    return run.summary.startsWith(name) ? run.summary.slice(name.length) : run.summary;
}

// Lists know no stage; the run's own page does.
const words = {queued: "waits for the run before it", running: "is under way", waiting: "waits for an answer", stopping: "is being stopped",
    released: "is released", failed: "failed", aborted: "was aborted"};

function row(run) {
    return el("tr", {"data-key": run.id},
        cell(mark(run.state)), cell(el("a", {href: `#/runs/${run.id}`}, nameOf(run)), run.group && el("span", {class: "dim"}, " group"), run.stack && el("span", {class: "dim"}, " stack"), run.retry_of && el("span", {class: "dim"}, " retried")),
        number(time(run.ended_at || run.created_at)), more(run.stage === null ? words[run.state] : sayingOf(run)));
}

export function openRuns(root) {
    const list = el("div");

    document.title = "Runs – verdictd";
    root.append(el("h1", null, "Runs"), list);
    return repeat((signal) => read(`v1/runs?limit=${latest}`, {signal}), everyMs,
        ({runs}) => patch(list, runs.length === 0 ? el("p", {class: "dim"}, "No pipeline or group has run yet.") : table("rows stack", "Runs", ["", "run", "#when", "how it stands"], runs.map(row))),
        (problem) => patch(list, el("p", {class: "problem", role: "alert"}, problem.message)), (event) => event.run !== undefined);
}
