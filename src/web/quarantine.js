// quarantine.js - versions that must not come back, and who lets one out. SPDX-License-Identifier: MIT
import {read, send} from "./api.js";
import {askReason} from "./ask.js";
import {el, patch} from "./dom.js";
import {repeat} from "./live.js";
import {cell, more, table} from "./table.js";

const everyMs = 5000;

function row(entry) {
    return el("tr", {"data-key": entry.id},
        el("th", {scope: "row"}, `${entry.service}/${entry.environment}`), cell(el("b", null, entry.version)),
        cell(entry.deployment ? el("a", {href: `#/deployments/${entry.deployment}`}, entry.deployment) : "by hand"),
        cell(el("button", {type: "button", class: "small", "data-clear": entry.id}, "Clear")),
        more(entry.digest && el("code", null, entry.digest)));
}

function clear(entry) {
    return askReason({
        title: `Clear ${entry.service}/${entry.environment} ${entry.version}`, verb: "Clear", danger: true,
        text: "It may be deployed there again: this overrides the verdict that put it here.",
        act: (reason) => send(`v1/quarantine/${encodeURIComponent(entry.id)}`, reason ? {reason} : {}, "DELETE"),
    });
}

function field(name, pattern) {
    return [el("label", {for: `new-${name}`}, name), el("input", {id: `new-${name}`, name, required: true, pattern, autocomplete: "off", spellcheck: "false"})];
}

function add() {
    return askReason({
        title: "Put a version in quarantine", verb: "Add", needsReason: true, text: "It does not start there until a person clears it. What is under way goes on.",
        fields: [field("service", "[a-z][a-z0-9\\-]*"), field("environment", "[a-z][a-z0-9\\-]*"), field("version")],
        act: (reason, {elements}) => send("v1/quarantine", {service: elements.service.value, environment: elements.environment.value, version: elements.version.value, reason}),
    });
}

export function openQuarantine(root) {
    const list = el("div"), problem = el("p", {class: "problem", role: "alert"});
    let entries = [];

    document.title = "Quarantine – verdictd";
    root.append(el("h1", null, "Quarantine"), el("p", {class: "buttons"}, el("button", {type: "button", "data-add": true}, "Add…")), problem, list);

    function show(answer) {
        entries = answer.quarantine;
        patch(list, entries.length === 0 ? el("p", {class: "dim"}, "No version is in quarantine.")
            : table("rows stack", "Quarantine", ["where", "version", "since", "", "digest"], entries.map(row)));
    }

    root.addEventListener("click", async (event) => {
        const button = event.target.closest("button");
        const entry = entries.find(({id}) => id === button?.dataset.clear);
        if (entry)
            await clear(entry);
        else if (button?.dataset.add !== undefined)
            await add();
        end.again();
    });
    const end = repeat((signal) => read("v1/quarantine", {signal}), everyMs, show, (error) => { problem.textContent = error.message; },
        (event) => event.what === "target");
    return end;
}
