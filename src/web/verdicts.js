// verdicts.js - the rules of a deployment as they stand, and the verdicts that the journal kept. SPDX-License-Identifier: MIT
import {el} from "./dom.js";
import {duration, isNumber, mark, time, value} from "./format.js";
import {allowing} from "./me.js";
import {spark} from "./spark.js";
import {cell, more, number, table} from "./table.js";

const rowsMost = 200;

function says(rule) {
    const parts = [];
    if (rule.verdict === "inconclusive")
        parts.push(`not known yet: ${(rule.reason || "").replaceAll("_", " ")}`);
    else if (rule.verdict)
        parts.push(rule.verdict);
    if (isNumber(rule.estimate))
        parts.push(`ratio ${value(rule.estimate, "")}${isNumber(rule.lower) && isNumber(rule.upper) ? ` (${value(rule.lower, "")} to ${value(rule.upper, "")})` : ""}`);
    if (rule.against)
        parts.push(`against ${rule.against}`);
    if (rule.dropped > 0)
        parts.push(`${rule.dropped} dropped (${value(rule.dropped_percent, "%")})`);
    if (rule.muted || rule.mode === "record")
        parts.push("only records");
    else if (rule.mode === "ask")
        parts.push("asks people");
    return parts.join(", ");
}

function muting(rule, mayMute) {
    return mayMute && !rule.muted && rule.mode !== "record" && [" ", el("button", {type: "button", class: "small", "data-do": "mute", "data-rule": rule.name, ...allowing("mute")}, "Mute")];
}

function row(rule, history, mayMute) {
    return el("tr", {"data-key": rule.name, class: rule.decided ? "decided" : null},
        cell(mark(rule.verdict || "todo")),
        el("th", {scope: "row"}, rule.name, el("code", null, rule.condition)),
        number(value(rule.value, rule.unit)), number(value(rule.bound, rule.unit)),
        more(spark(history.get(rule.name), rule.bound)),
        more(says(rule), rule.decided && el("b", null, ", and it decided"), muting(rule, mayMute)));
}

export function rules(deployment, history) {
    if (deployment.rules.length === 0)
        return el("p", {class: "dim"}, "No rule judges it.");
    const mayMute = deployment.possible.includes("mute");
    return table("rules stack", "Rules", ["", "rule", "#value", "#bound", "since opened", "says"], deployment.rules.map((rule) => row(rule, history, mayMute)));
}

function counts(verdict) {
    if (!(verdict.count > 0))
        return "";
    const all = verdict.stable_count > 0 ? `${verdict.count} / ${verdict.stable_count}` : String(verdict.count);
    return verdict.dropped > 0 ? `${all}, ${verdict.dropped} dropped` : all;
}

function past(verdict) {
    return el("tr", {class: verdict.verdict === "fail" ? "decided" : null},
        cell(mark(verdict.verdict)), number(time(verdict.time)), number(verdict.step + 1),
        cell(verdict.rule, el("code", null, verdict.condition)),
        number(value(verdict.value, verdict.unit)), number(value(verdict.bound, verdict.unit)),
        number(counts(verdict)), number(verdict.span_s > 0 ? duration(verdict.span_s) : ""),
        cell(verdict.reason.replaceAll("_", " ")));
}

export function evidence(report) {
    const rest = report.verdicts.length - rowsMost;
    return [table("rows", "Verdicts", ["", "#when", "#step", "rule", "#value", "#bound", "#values", "#over", "reason"], report.verdicts.slice(-rowsMost).reverse().map(past)),
        rest > 0 && el("p", {class: "dim"}, `${rest} older ones are in the downloads.`)];
}
