// login.js - asks for a token, tries it, and keeps it for this tab. SPDX-License-Identifier: MIT
import {Problem, read, token} from "./api.js";
import {el, patch} from "./dom.js";

// `done` is called with the daemon's status once it has taken the token.
export function showLogin(main, why, done) {
    const problem = el("p", {class: "problem", role: "alert"}, why);
    const field = el("input", {id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "vd_…"});
    const button = el("button", {type: "submit", class: "primary"}, "Log in");
    const form = el("form", {id: "login"},
        el("h1", null, "Log in"),
        el("label", {for: "token"}, "Token"), field,
        problem,
        el("p", {class: "buttons"}, button),
        el("p", {class: "dim"}, "It stays in this tab until you log out or close it. ",
            el("code", null, "verdict token create NAME --person --scope read,approve,rollback,deploy"), " makes one."));

    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        button.disabled = true;
        problem.textContent = "";
        const text = field.value.trim();
        try {
            const status = await read("v1/status", {token: text});
            token.keep(text);
            done(status);
        } catch (error) {
            if (!(error instanceof Problem))
                throw error;
            problem.textContent = error.message;
            button.disabled = false;
            field.select();
        }
    });
    patch(main, form);
    field.focus();
}
