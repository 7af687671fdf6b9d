// table.js - tables that scroll by themselves where the page is narrow. SPDX-License-Identifier: MIT
import {el} from "./dom.js";

// columns: titles; one that begins with "#" is of numbers. rows: nodes.
export function table(kind, label, columns, rows) {
    return el("div", {class: "wide", tabindex: 0, role: "region", "aria-label": label}, el("table", {class: kind},
        el("thead", null, el("tr", null, columns.map((title) =>
            el("th", {scope: "col", class: title.startsWith("#") ? "number" : null}, title.replace(/^#/, ""))))),
        el("tbody", null, rows)));
}

export function number(...children) {
    return el("td", {class: "number"}, ...children);
}

// What stands below the others where the page is narrow, in tables of the kind "stack".
export function more(...children) {
    return el("td", {class: "more"}, ...children);
}

export function cell(...children) {
    return el("td", null, ...children);
}
