// latest.js - deployments in a table, newest first. SPDX-License-Identifier: MIT
import {el} from "./dom.js";
import {mark, sentence, stateOf, time} from "./format.js";
import {cell, more, number, table} from "./table.js";

function row(one) {
    return el("tr", {"data-key": one.id},
        cell(mark(stateOf(one))),
        cell(el("a", {href: `#/deployments/${one.id}`}, `${one.service}/${one.environment} ${one.version}`), one.kind === "rollback" && el("span", {class: "dim"}, " rollback")),
        number(time(one.ended || one.changed || one.created)), more(sentence(one)));
}

export function lately(label, deployments) {
    return table("rows stack", label, ["", "what", "#when", "how it stands"], deployments.map(row));
}
