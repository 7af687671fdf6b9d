// freeze.js - stops what would begin or go forward, of one place or everywhere, and lifts that. SPDX-License-Identifier: MIT
import {send} from "./api.js";
import {askReason} from "./ask.js";
import {el} from "./dom.js";

// place: "shop/prod", or "" for all of them.
function pathOf(place, verb) {
    return place === "" ? `v1/${verb}` : `v1/services/${place}/${verb}`;
}

export function freeze(places) {
    const where = [el("label", {for: "where"}, "Where"),
        el("select", {id: "where", name: "where"}, el("option", {value: ""}, "everywhere"), places.map((place) => el("option", {value: place}, place)))];
    const until = [el("label", {for: "until"}, "Until (empty: until it is lifted)"), el("input", {id: "until", name: "until", autocomplete: "off", placeholder: "2h, or 2026-12-01T09:00:00Z"})];
    return askReason({
        title: "Freeze", verb: "Freeze", danger: true, needsReason: true, fields: [where, until],
        text: "No deployment begins, and none takes a step forward. The way back stays open.",
        act: (reason, {elements}) => send(pathOf(elements.where.value, "freeze"), elements.until.value ? {reason, until: elements.until.value.trim()} : {reason}),
    });
}

export function unfreeze(place) {
    return askReason({
        title: `Lift what stops ${place || "the whole fleet"}`, verb: "Lift", text: "A freeze ends, and a brake opens.",
        act: (reason) => send(pathOf(place, "unfreeze"), reason ? {reason} : {}),
    });
}
