// run.js - one run, live: its stages, their tasks, and the answers that they wait for. SPDX-License-Identifier: MIT
import {Problem, send} from "./api.js";
import {askReason} from "./ask.js";
import {el, link, patch, say} from "./dom.js";
import {chip, mark, time} from "./format.js";
import {follow} from "./live.js";
import {newPrinted, readPrinted} from "./printed.js";
import {nameOf, sayingOf} from "./runs.js";
import {cell, more, table} from "./table.js";

const tailLength = 4000; // of an output, at most, that comes with the run; printed.js has all of it

let isReading = false; // a plan, for the dialog that comes

function answers(stage, task) {
    if (task.state !== "awaiting" && task.state !== "asking")
        return null;
    if (task.approves)
        return el("span", {class: "buttons"}, task.need > 1 && el("span", {class: "dim"}, `${task.approved_by.length} of ${task.need} approve${task.approved_by.length ? `: ${task.approved_by.join(", ")}` : ""} `), [["pass", task.approves.plan ? "Approve this plan" : "Approve"], ["fail", "Reject"]].map(([result, label]) =>
            el("button", {type: "button", class: "small", "data-result": result, "data-stage": stage.name, "data-task": task.name, "data-plan": task.approves.plan, "data-planner": task.planned_by}, label)));
    const words = task.state === "asking" ? [["pass", "Go on all the same"], ["fail", "It failed"]] : [["pass", "Passed"], ["fail", "Failed"]];
    return el("span", {class: "buttons"}, words.map(([result, label]) =>
        el("button", {type: "button", class: "small", "data-result": result, "data-stage": stage.name, "data-task": task.name}, label)));
}

function row(stage, task) {
    const place = task.service && `${task.service}/${task.environment}${task.version ? ` ${task.version}` : ""}`;
    const why = task.why || task.cause;
    return el("tr", {"data-key": task.name, class: task.state === "failed" ? "decided" : null},
        cell(mark(task.state)),
        cell(task.name, " ", el("span", {class: "dim"}, task.kind), place && [" ", task.deployment ? el("a", {href: `#/deployments/${task.deployment}`}, place) : place]),
        cell(task.state, task.tries > 1 && el("span", {class: "dim"}, ` (${task.tries} tries)`)), cell(time(task.changed_at || task.began_at)),
        more(why, task.waits_for?.length > 0 && el("span", {class: "dim"}, ` waits for ${task.waits_for.join(", ")}`), answers(stage, task),
            task.output && el("details", null, el("summary", null, task.output.length < tailLength ? "Output" : "The end of its output"), el("pre", null, task.output))));
}

function heading(run) {
    const mayRetry = ["failed", "aborted"].includes(run.state);
    return [el("h1", null, el("b", null, nameOf(run)), " ", chip(run.state)),
        el("p", {class: "dim"}, run.id, ` · ${run.purpose ? `${run.purpose} of ${run.service}/${run.environment}` : run.stack ? "stack" : run.group ? "group" : `pipeline of ${run.service}`} · by ${run.actor || "nobody known"} · `, time(run.created_at), run.ended_at && [" to ", time(run.ended_at)],
            run.retry_of && [" · after ", el("a", {href: `#/runs/${run.retry_of}`}, run.retry_of)]),
        el("p", {class: "buttons"}, !run.done && el("button", {type: "button", class: "danger", "data-run": "abort"}, "Abort"), mayRetry && el("button", {type: "button", "data-run": "retry"}, "Retry")),
        el("p", {class: "summary lead"}, sayingOf(run))];
}

function stages(run) {
    return run.stages.map((stage) => el("section", {"data-key": stage.name},
        el("h2", null, stage.name, " ", chip(stage.state)),
        table("rows stack", stage.name, ["", "task", "state", "when", "why"], stage.tasks.map((task) => row(stage, task)))));
}

function facts(run) {
    const rows = [["reason", run.reason], ["digest", run.digest], ["commit", run.commit], ["started by", run.run_url && link(run.run_url, run.run_url)],
        ["trace", run.trace_id && el("code", null, run.trace_id)], ...Object.entries(run.outputs)];
    return el("dl", null, rows.filter(([, text]) => text).map(([name, text]) => [el("dt", null, name), el("dd", null, text)]));
}

// By the runner, or by what made the plan.
const isCut = (output) => /^\[\.\.\. \d+ bytes left out \.\.\.\]$|^\.\.\. and \d+ more$/m.test(output);

// All that the plan says, so that nobody approves what cannot be read.
async function planText(run, task) {
    const command = `verdict logs ${run.id}${task ? ` --task ${task}` : ""}`;

    try {
        const {entries, missing, more} = await readPrinted(`v1/runs/${run.id}`, {task});
        const newest = entries.filter((entry) => entry.output).pop();
        const isWhole = newest && !newest.tail && missing === null && !more && !isCut(newest.output);
        return [!isWhole && el("p", {class: "problem"}, `Not all of the plan could be read${missing === null ? "" : `: ${missing}`}. Read it with ${command} before you answer.`),
            newest && el("pre", {class: "plan", tabindex: 0}, newest.output)];
    } catch (error) {
        if (!(error instanceof Problem))
            throw error;
        return [el("p", {class: "problem"}, `The plan could not be read: ${error.message}. Read it with ${command} before you answer.`)];
    }
}

// Approved is the plan that this page showed.
async function review(run, {result, stage, task, plan, planner}) {
    if (isReading)
        return;
    isReading = true;
    const body = result === "pass" ? {result, outputs: {plan}} : {result};
    const fields = await planText(run, planner).finally(() => { isReading = false; });
    await askReason({
        title: `${result === "pass" ? "Approve" : "Reject"} the plan of ${nameOf(run)}`, verb: result === "pass" ? "Approve" : "Reject", danger: true, text: plan, fields, isWide: true,
        act: (reason) => send(`v1/runs/${run.id}/tasks/${stage}/${task}`, reason ? {...body, reason} : body),
    });
}

function answer(run, {result, stage, task}) {
    return askReason({
        title: `${stage}/${task}: ${result === "pass" ? "passed" : "failed"}`, verb: result === "pass" ? "It passed" : "It failed", danger: result === "fail",
        act: (reason) => send(`v1/runs/${run.id}/tasks/${stage}/${task}`, reason ? {result, reason} : {result}),
    });
}

async function act(run, verb) {
    let next = null;
    await askReason({
        title: `${verb === "abort" ? "Abort" : "Retry"} ${nameOf(run)}`, verb: verb === "abort" ? "Abort" : "Retry", danger: verb === "abort",
        text: verb === "abort" ? "Its commands are stopped and its running deployments go back." : "A new run begins at the stage that failed, with the same artifact; what was planned is planned anew.",
        act: async (reason) => { next = await send(`v1/runs/${run.id}/${verb}`, reason ? {reason} : {}); },
    });
    if (next !== null && next.id !== run.id)
        location.hash = `#/runs/${next.id}`;
}

export function openRun(root, name) {
    const top = el("header", {class: "title"}), middle = el("div", {class: "page"}), bottom = el("div");
    const printed = newPrinted(() => `v1/runs/${name}`);
    let shown = null;

    root.append(top, middle, printed.part, bottom);
    root.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.plan)
            review(shown, button.dataset);
        else if (button?.dataset.result)
            answer(shown, button.dataset);
        else if (button?.dataset.run)
            act(shown, button.dataset.run);
    });
    const end = follow(`v1/runs/${name}`, (run) => {
        if (shown !== null && shown.state !== run.state)
            say(`${nameOf(run)} is ${run.state}. ${sayingOf(run)}`);
        shown = run;
        document.title = `${run.state}: ${nameOf(run)}`;
        patch(top, heading(run));
        patch(middle, stages(run));
        patch(bottom, facts(run));
    }, (problem) => patch(root, el("h1", null, name), el("p", {class: "problem", role: "alert"}, problem.message)));
    return () => { end(); printed.stop(); };
}
