// steps.js - the plan of a deployment: what is done, what is under way and how far, what is to come. SPDX-License-Identifier: MIT
import {el} from "./dom.js";
import {duration, isNumber, mark} from "./format.js";

function progress(deployment) {
    const {step, approvals, gate} = deployment;
    if (step === null)
        return null;
    const parts = [];
    if (step.kind === "observe" && isNumber(step.observed_s))
        parts.push(`observed for ${duration(step.observed_s)} of ${duration(step.duration_s)}`);
    if (approvals !== null)
        parts.push(`${approvals.got} of ${approvals.needed}${approvals.from.length ? `, asked: ${approvals.from.join(", ")}` : ""}`);
    if (gate !== null)
        parts.push(`${gate.name} said ${gate.said}`);
    if (step.state === "held")
        parts.push(`held${deployment.hold ? ` (${deployment.hold.replaceAll("_", " ")})` : ""}`);
    return parts.length > 0 && el("span", {class: "dim"}, " ", parts.join(", "));
}

export function steps(deployment) {
    const held = deployment.step !== null && ["held", "waiting"].includes(deployment.step.state);
    const bar = (step) => step.state === "current" && step.kind === "observe" && deployment.step !== null &&
        el("progress", {max: step.duration_s || 1, value: Math.min(deployment.step.observed_s, step.duration_s || 1), "aria-label": "observed"});
    return el("ol", {class: "steps"}, deployment.steps.map((step) =>
        el("li", {class: step.state, "data-key": step.index, "aria-current": step.state === "current" ? "step" : null},
            mark(step.state === "current" && held ? deployment.step.state : step.state), " ", step.text,
            step.state === "current" && progress(deployment), bar(step))));
}
