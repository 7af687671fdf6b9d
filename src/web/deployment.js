// deployment.js - one deployment, live: its state and its way back first, then why. SPDX-License-Identifier: MIT
import {Problem, ask, read, send} from "./api.js";
import {buttons, doAct, isAct} from "./acts.js";
import {askReason} from "./ask.js";
import {el, link, patch, say} from "./dom.js";
import {chip, percent, sentence, stateOf, time} from "./format.js";
import {newGraphs} from "./graphs.js";
import {lately} from "./latest.js";
import {follow} from "./live.js";
import {newPrinted} from "./printed.js";
import {newHistory, note} from "./spark.js";
import {steps} from "./steps.js";
import {actions, story} from "./story.js";
import {evidence, rules} from "./verdicts.js";
import {weightBar} from "./weight.js";

const othersMost = 10;

function heading(deployment) {
    const flags = [["emergency", "emergency"], ["stable_is_bad", "stable is bad"], ["unverified", "unverified"], ["would_roll_back", "would have been taken back"]];
    const state = stateOf(deployment);
    return [el("h1", null, `${deployment.service}/${deployment.environment} `, el("b", null, deployment.version), " ", chip(state),
        flags.filter(([name]) => deployment[name]).map(([, words]) => [" ", chip("held", words)])),
    el("p", {class: "dim"}, deployment.previous && `in place of ${deployment.previous} · `, deployment.id, ` · ${deployment.kind} · by ${deployment.actor || "nobody known"} · `,
        time(deployment.created), deployment.ended && [" to ", time(deployment.ended)]),
    el("p", {class: "now"}, weightBar(deployment), el("span", {class: "number"}, percent(deployment.share)),
        deployment.desired_share !== deployment.share && el("span", {class: "dim"}, `${percent(deployment.desired_share)} asked for`)),
    el("p", {class: "buttons"}, buttons(deployment)),
    el("p", {class: "summary lead"}, sentence(deployment)),
    deployment.why && !deployment.summary.includes(deployment.why) && el("p", {class: "dim"}, deployment.why)];
}

function facts(deployment) {
    const rows = [["strategy", deployment.strategy], ["reason", deployment.reason], ["digest", deployment.digest], ["commit", deployment.commit],
        ["pipeline", deployment.run_url && link(deployment.run_url, deployment.run_url)],
        ["together with", deployment.group_run && el("a", {href: `#/runs/${deployment.group_run}`}, deployment.group_run)],
        ["trace", deployment.trace_id && el("code", null, deployment.trace_id)], ["exit code", deployment.exit_code]];
    return el("dl", null, rows.filter(([, text]) => text !== "" && text !== null && text !== undefined).map(([name, text]) => [el("dt", null, name), el("dd", null, text)]));
}

// What the report says anew when it differs.
function moment(deployment) {
    return JSON.stringify([deployment.id, stateOf(deployment), deployment.step?.index, deployment.step?.attempt, deployment.share, deployment.approvals?.got, deployment.changed]);
}

async function download(deployment, format) {
    const answer = await ask("GET", `v1/deployments/${deployment.id}/report${format === "html" ? "?format=html" : ""}`);
    const address = URL.createObjectURL(await answer.blob());
    el("a", {href: address, download: `${deployment.id}-${deployment.service}-${deployment.environment}.${format}`}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function mute(deployment, rule) {
    return askReason({
        title: `Mute ${rule}`, verb: "Mute", needsReason: true,
        text: "It only records from here on, for this deployment: an override, recorded as one.",
        act: (reason) => send(`v1/deployments/${deployment.id}/mute`, {rule, reason}),
    });
}

function part(title, ...children) {
    return el("section", null, el("h2", null, title), ...children);
}

function folded(title, ...children) {
    return el("details", null, el("summary", null, title), ...children);
}

export function openDeployment(root, name) {
    const history = newHistory();
    const graphs = newGraphs(() => shown.id), printed = newPrinted(() => `v1/deployments/${shown?.id ?? name}`);
    const top = el("header", {class: "title"}), plan = el("div"), judged = el("div"), happened = el("div"), proof = el("div"), done = el("div"), beside = el("div"), about = el("div");
    const problem = el("p", {class: "problem", role: "alert"});
    let shown = null, seen = "";

    root.append(top, problem, el("div", {class: "columns"}, part("Steps", plan), part("Rules", judged)), part("Graphs", ...graphs.parts),
        part("What happened", happened), folded("Evidence: every verdict", proof), folded("Actions", done), printed.part,
        part("Others here", beside), part("About", about, el("p", {class: "buttons"}, el("button", {type: "button", "data-download": "html"}, "Evidence as a page"), el("button", {type: "button", "data-download": "json"}, "Evidence as JSON"))));

    async function reread(deployment) {
        const [report, last] = await Promise.all([read(`v1/deployments/${deployment.id}/report`),
            read(`v1/deployments?service=${deployment.service}&environment=${deployment.environment}&limit=${othersMost + 1}`)]);
        const others = last.deployments.filter((one) => one.id !== deployment.id).slice(0, othersMost);
        patch(happened, story(report));
        patch(proof, evidence(report));
        patch(done, actions(report));
        patch(beside, others.length === 0 ? el("p", {class: "dim"}, "None is kept.") : lately("Others here", others));
        graphs.redraw();
    }

    function show(deployment) {
        if (shown !== null && shown.id !== deployment.id)
            history.clear();
        const before = shown === null ? "" : stateOf(shown);
        shown = deployment;
        note(history, deployment.rules);
        document.title = `${stateOf(deployment).replaceAll("_", " ")}: ${deployment.service}/${deployment.environment} ${deployment.version}`;
        patch(top, heading(deployment));
        patch(plan, steps(deployment));
        patch(judged, rules(deployment, history));
        patch(about, facts(deployment));
        graphs.show(deployment.metrics);
        if (before !== "" && before !== stateOf(deployment))
            say(`${deployment.version} is ${stateOf(deployment).replaceAll("_", " ")}. ${deployment.summary}`);
        if (seen !== moment(deployment)) {
            seen = moment(deployment);
            tell(reread(deployment));
        }
    }

    async function tell(promise) {
        try {
            problem.textContent = "";
            await promise;
        } catch (error) {
            if (!(error instanceof Problem))
                throw error;
            problem.textContent = error.message;
        }
    }

    async function act(verb) {
        const next = await doAct(verb, shown);
        if (next !== null)
            location.hash = `#/deployments/${next.id}`;
    }

    root.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button === null || shown === null)
            return;
        if (isAct(button.dataset.do))
            tell(act(button.dataset.do));
        else if (button.dataset.do === "mute")
            tell(mute(shown, button.dataset.rule));
        else if (button.dataset.download)
            tell(download(shown, button.dataset.download));
    });
    const end = follow(`v1/deployments/${name}`, show, (error) => patch(root, el("h1", null, name), el("p", {class: "problem", role: "alert"}, error.message),
        error.status === 404 && name.includes("/") && el("p", {class: "dim"}, "What serves here was recorded by a person (adopt); nothing was deployed since.")),
    (event) => shown !== null && event.service === shown.service && event.environment === shown.environment);
    return () => {
        end();
        printed.stop();
    };
}
