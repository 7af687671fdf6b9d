// me.js - whose token this is, and which of its scopes a button wants. SPDX-License-Identifier: MIT
import {read, token} from "./api.js";

const wanted = {
    rollback: "rollback", abort: "rollback", hold: "deploy", resume: "deploy", promote: "deploy", retry: "deploy",
    approve: "approve", reject: "approve", promote_full: "override", mute: "override",
};

let scopes = null;

// Shown in the head; the daemon's own answer counts in any case.
export async function readMe(place) {
    const me = await read("v1/tokens/self");
    if (token.get() === "")
        return;
    scopes = me.scopes;
    place.textContent = me.principal;
    place.title = `may ${me.scopes.join(", ")}${me.services.length ? `, for ${me.services.join(", ")}` : ""}${me.expires ? `, until ${me.expires}` : ""}`;
}

export function forgetMe(place) {
    scopes = null;
    place.textContent = place.title = "";
}

// Attributes of a button for `verb`: not to be pressed where the scope is missing, and why.
export function allowing(verb) {
    const isMissing = scopes !== null && wanted[verb] !== undefined && !scopes.includes(wanted[verb]);
    return isMissing ? {disabled: true, title: `this token lacks the scope ${wanted[verb]}`} : {};
}
