// audit.js - who did what, newest first, and whether each row follows from the one before. SPDX-License-Identifier: MIT
import {read} from "./api.js";
import {el, patch} from "./dom.js";
import {mark, time} from "./format.js";
import {repeat} from "./live.js";
import {cell, more, number, table} from "./table.js";

const everyMs = 5000, pageSize = 25;

function place(row) {
    if (row.deployment)
        return el("a", {href: `#/deployments/${row.deployment}`}, row.deployment);
    return row.service ? `${row.service}/${row.environment}` : "";
}

// What it says behind who and why, which have columns of their own.
function words(row) {
    const end = row.actor ? row.text.lastIndexOf(`, by ${row.actor}`) : -1;
    return end > 0 ? row.text.slice(0, end) : row.text || row.what.replaceAll("_", " ");
}

function line(row) {
    return el("tr", {"data-key": String(row.event)},
        number(time(row.time)), cell(place(row)), el("th", {scope: "row"}, row.actor || el("span", {class: "dim"}, "verdictd")),
        cell(words(row)), more(row.reason));
}

// Rows are numbered without gaps, and each names the hash of the one before it.
function chain(rows) {
    const torn = rows.find((row, index) => index + 1 < rows.length && (row.event !== rows[index + 1].event + 1 || row.prev !== rows[index + 1].hash));
    if (torn)
        return [mark("fail"), ` Row ${torn.event} does not follow from the one before it: ask `, el("code", null, "verdict audit verify"), "."];
    return [mark("ok"), ` Each of these ${rows.length} rows follows from the one before it; `, el("code", null, "verdict audit verify"), " follows all of them."];
}

export function openAudit(root) {
    const list = el("div"), told = el("p", {class: "dim", role: "status"}), problem = el("p", {class: "problem", role: "alert"});
    const button = el("button", {type: "button", "data-do": "older"}, "Older…");
    const rows = new Map();

    document.title = "Audit – verdictd";
    root.append(el("h1", null, "Audit"), told, problem, list, el("p", {class: "buttons"}, button));

    function show(answer) {
        for (const row of answer.audit)
            rows.set(row.event, row);
        const all = [...rows.values()].sort((one, other) => other.event - one.event);
        problem.textContent = "";
        patch(told, all.length === 0 ? "Nothing was done yet." : chain(all));
        patch(list, all.length === 0 ? null : table("rows stack", "Audit", ["#when", "where", "who", "what", "why"], all.map(line)));
        button.hidden = all.length === 0 || all.at(-1).event <= 1;
    }

    // What came meanwhile may be more than a page: then the newest ones are shown, and the others are a page away.
    function showNewest(answer) {
        const oldest = answer.audit.at(-1)?.event;
        if (oldest !== undefined && rows.size > 0 && !rows.has(oldest) && !rows.has(oldest - 1))
            rows.clear();
        show(answer);
    }

    button.addEventListener("click", async () => {
        button.disabled = true;
        try {
            show(await read(`v1/audit?limit=${pageSize}&cursor=${Math.min(...rows.keys())}`));
        } catch (error) {
            problem.textContent = error.message;
        }
        button.disabled = false;
    });
    return repeat((signal) => read(`v1/audit?limit=${pageSize}`, {signal}), everyMs, showNewest, (error) => { problem.textContent = error.message; }, () => true);
}
