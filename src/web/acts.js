// acts.js - what a person may do to a deployment: buttons, and the questions before them. SPDX-License-Identifier: MIT
import {send} from "./api.js";
import {askReason} from "./ask.js";
import {el} from "./dom.js";
import {allowing} from "./me.js";

function back(deployment) {
    return deployment.previous ? `All traffic goes back to ${deployment.previous} at once.` : "All traffic goes back at once.";
}

// By the verbs of the API, in the order of the buttons: the way back first.
const acts = {
    rollback: {label: "Roll back", danger: true, text: back},
    abort: {label: "Cancel", danger: true, text: () => "It has had no effect yet and ends here."},
    approve: {label: "Approve", primary: true, text: (d) => `${d.version} goes on to its next step. Your name is recorded.`},
    reject: {label: "Reject", text: () => "What the rules declare for a refusal happens: usually all traffic goes back."},
    resume: {label: "Resume", primary: true, text: () => "It goes on from where it was held."},
    hold: {label: "Hold", text: () => "It stays where it is; its rules go on judging."},
    promote: {label: "Promote", text: () => "It goes on without the rest of this observation, where that has its pass verdict."},
    promote_full: {label: "Promote fully…", needsReason: true, text: () => "Straight to 100 %, against or ahead of the rules: an override, recorded as one."},
    retry: {label: "Retry", needsReason: true, text: () => "A new deployment of this version begins, and it leaves the quarantine. Say what has changed."},
};

const bodies = {
    approve: (reason) => ({decision: "approve", comment: reason}),
    reject: (reason) => ({decision: "reject", comment: reason}),
    promote_full: (reason) => ({full: true, reason}),
};

const paths = {approve: "approvals", reject: "approvals", promote_full: "promote"};

function isShown(verb, possible) {
    return possible.includes(verb) && !(verb === "abort" && possible.includes("rollback"));
}

// data-do names the verb and data-id the deployment: see doAct.
export function buttons(deployment, verbs = Object.keys(acts)) {
    const possible = deployment.possible || [];
    return verbs.filter((verb) => isShown(verb, possible)).map((verb) =>
        el("button", {type: "button", "data-do": verb, "data-key": verb, "data-id": deployment.id, class: acts[verb].danger ? "danger" : acts[verb].primary ? "primary" : null, ...allowing(verb)},
            acts[verb].label));
}

// Asks and sends; the new deployment where one came of it, else null.
export async function doAct(verb, deployment) {
    const act = acts[verb];
    let answer = null;
    const isDone = await askReason({
        title: `${act.label.replace("…", "")}: ${deployment.service}/${deployment.environment} ${deployment.version}`,
        text: act.text(deployment), verb: act.label.replace("…", ""), danger: act.danger, needsReason: act.needsReason,
        act: async (reason) => {
            const body = (bodies[verb] || ((text) => (text ? {reason: text} : {})))(reason);
            answer = await send(`v1/deployments/${deployment.id}/${paths[verb] || verb}`, body);
        },
    });
    return isDone && answer.id !== deployment.id ? answer : null;
}

export function isAct(verb) {
    return verb in acts;
}
