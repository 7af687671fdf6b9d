// fleet.js - the first page: what is on trial and its way back, what serves where, what was last. SPDX-License-Identifier: MIT
import {read} from "./api.js";
import {buttons, doAct, isAct} from "./acts.js";
import {el, patch, say} from "./dom.js";
import {chip, mark, percent, sentence, stateOf, time} from "./format.js";
import {freeze, unfreeze} from "./freeze.js";
import {repeat} from "./live.js";
import {lately} from "./latest.js";
import {cell, table} from "./table.js";
import {weightBar} from "./weight.js";

const everyMs = 2000, latest = 12, rowsMost = 200, trialsMost = 50, placesMost = 500;
const manyServices = 500, manyMs = 20000; // the whole of a large fleet is read seldom, what is under way as ever

function placeLink(deployment, ...words) {
    return el("a", {href: `#/deployments/${deployment.id}`}, ...words);
}

function trial(deployment) {
    return el("article", {class: "trial", "data-key": deployment.id},
        el("h3", null, placeLink(deployment, `${deployment.service}/${deployment.environment} `, el("b", null, deployment.version)), " ", chip(stateOf(deployment))),
        el("p", {class: "now"}, weightBar(deployment), el("span", {class: "number"}, percent(deployment.share))),
        el("p", {class: "buttons"}, buttons(deployment, ["rollback", "abort", "approve", "hold", "resume"])),
        el("p", {class: "summary"}, sentence(deployment)));
}

function trials(status) {
    const waiting = (one) => ["escalated", "held", "waiting"].indexOf(stateOf(one));
    const all = [...status.deployments].sort((a, b) => waiting(b) - waiting(a));
    return el("section", {"aria-labelledby": "on-trial"},
        el("h2", {id: "on-trial"}, "On trial ", el("span", {class: "count"}, all.length)),
        all.length === 0 ? el("p", {class: "dim"}, "Nothing is under way.") : all.slice(0, trialsMost).map(trial),
        all.length > trialsMost && el("p", {class: "dim"}, `${all.length - trialsMost} more are under way.`));
}

function lifting(place) {
    return el("button", {type: "button", class: "small", "data-lift": place}, "Lift…");
}

function stops(fleet) {
    if (!fleet.frozen && !fleet.braked)
        return null;
    const [word, until] = fleet.frozen ? ["frozen", fleet.frozen_until] : ["braked", fleet.braked_until];
    return el("p", {class: "stop", role: "status"}, chip(word, `the whole fleet is ${word}`), " no deployment begins, and none goes forward",
        until ? [" until ", time(until)] : ", until it is lifted", ". The way back is open. ", lifting(""));
}

function spot(place, active) {
    if (place === undefined)
        return cell();
    const one = active.get(`${place.service}/${place.environment}`);
    return cell(el("a", {href: `#/deployments/${place.service}/${place.environment}`, class: "serves"}, place.stable ? place.stable.version : "nothing yet"),
        one && [" ", el("span", {class: "arrow"}, "→ ", placeLink(one, one.version), " ", mark(stateOf(one)))],
        place.frozen && [" ", chip("frozen")], place.braked && [" ", chip("braked")], (place.frozen || place.braked) && [" ", lifting(`${place.service}/${place.environment}`)],
        place.quarantined > 0 && [" ", el("a", {href: "#/quarantine", class: "dim"}, `${place.quarantined} in quarantine`)]);
}

function services(status, wanted) {
    const rows = new Map(), active = new Map(), environments = [];
    for (const one of status.deployments)
        active.set(`${one.service}/${one.environment}`, one);
    for (const place of status.services) {
        if (!environments.includes(place.environment))
            environments.push(place.environment);
        if (place.service.includes(wanted))
            rows.set(place.service, {...rows.get(place.service), [place.environment]: place});
    }
    const isOdd = (name) => Object.values(rows.get(name)).some((place) => place.frozen || place.braked || active.has(`${name}/${place.environment}`));
    const all = [...rows.keys()].sort();
    const names = all.length <= rowsMost ? all : [...all.filter(isOdd), ...all.filter((name) => !isOdd(name))]; // what does not fit is at rest
    return [table("matrix", "What serves", ["service", ...environments], names.slice(0, rowsMost).map((name) => el("tr", {"data-key": name},
        el("th", {scope: "row"}, name), environments.map((environment) => spot(rows.get(name)[environment], active))))),
    names.length > rowsMost && el("p", {class: "dim"}, `${names.length - rowsMost} more; narrow it by name.`),
    names.length === 0 && el("p", {class: "dim"}, wanted ? "No service has this in its name." : "Nothing serves yet: verdict adopt says what does.")];
}

export function openFleet(root) {
    let status = null, list = null, wanted = "", readAt = 0;
    const filter = el("input", {id: "filter", type: "search", placeholder: "service", autocomplete: "off", "aria-label": "Services whose name has"});
    const freezing = el("button", {type: "button", class: "small", "data-freeze": true}, "Freeze…");
    const top = el("div"), middle = el("div"), bottom = el("div");

    document.title = "Fleet – verdictd";
    freezing.hidden = true; // what it asks about is not known yet
    root.append(el("h1", {class: "unseen"}, "Fleet"), top,
        el("section", {"aria-labelledby": "services"}, el("h2", {id: "services"}, "What serves ", freezing), filter, middle),
        el("section", {"aria-labelledby": "latest"}, el("h2", {id: "latest"}, "Latest"), bottom));

    function draw() {
        document.getElementById("instance").textContent = status.instance;
        freezing.hidden = false;
        filter.hidden = status.services.length < 10;
        patch(top, stops(status.fleet), trials(status));
        patch(middle, services(status, wanted));
        patch(bottom, lately("Latest", list.deployments));
        if (performance.getEntriesByName("drawn").length === 0)
            performance.mark("drawn");
    }

    filter.addEventListener("input", () => { wanted = filter.value.trim(); draw(); });
    root.addEventListener("click", async (event) => {
        const asked = event.target.closest("button")?.dataset;
        if (asked === undefined || status === null)
            return;
        const one = status.deployments.find((deployment) => deployment.id === asked.id);
        if (one !== undefined && isAct(asked.do))
            await doAct(asked.do, one);
        else if (asked.freeze !== undefined)
            await freeze(status.services.filter((place) => place.service.includes(wanted)).slice(0, placesMost).map((place) => `${place.service}/${place.environment}`));
        else if (asked.lift !== undefined)
            await unfreeze(asked.lift);
        readAt = 0;
        end.again();
    });
    async function readWhole(signal) {
        const isDue = status === null || status.services.length < manyServices || readAt === 0 || performance.now() - readAt > manyMs;
        const path = isDue ? "v1/status" : "v1/deployments?state=active&limit=100";
        const [answer, newList] = await Promise.all([read(path, {signal}), read(`v1/deployments?limit=${latest}`, {signal})]);
        readAt = isDue ? performance.now() : readAt;
        return [isDue ? answer : {...status, deployments: answer.deployments}, newList];
    }

    const end = repeat(readWhole, everyMs, ([newStatus, newList]) => {
        if (status !== null && newStatus.deployments.length !== status.deployments.length)
            say(`${newStatus.deployments.length} on trial`);
        [status, list] = [newStatus, newList];
        draw();
    }, (problem) => patch(root, el("h1", null, "Fleet"), el("p", {class: "problem", role: "alert"}, problem.message)), () => true);
    return end;
}
