// story.js - what happened to a deployment, newest first, and what was done to the world. SPDX-License-Identifier: MIT
import {el} from "./dom.js";
import {percent, time} from "./format.js";
import {cell, number, table} from "./table.js";

const rowsMost = 300;

// Actions have a table of their own.
export function story(report) {
    const all = report.audit.filter((row) => !["action", "result"].includes(row.what)).slice(-rowsMost).reverse();
    return el("ol", {class: "story"}, all.map((row) => el("li", {"data-key": row.event}, time(row.time), " ", row.text)));
}

function took(action) {
    return typeof action.took_ms === "number" ? `${action.took_ms} ms` : "";
}

function row(action) {
    return el("tr", {"data-key": action.sequence},
        number(time(action.time)), number(action.step + 1),
        cell(action.kind.replaceAll("_", " "), " ", action.name || "", typeof action.share === "number" && percent(action.share),
            action.rollback && el("span", {class: "dim"}, " on the way back")),
        cell(action.result || "under way", action.tries > 1 && ` (${action.tries} tries)`), number(took(action)));
}

export function actions(report) {
    return table("rows", "Actions", ["#when", "#step", "what", "result", "#took"], report.actions.slice(-rowsMost).reverse().map(row));
}
