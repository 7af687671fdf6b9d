// ask.js - the dialog before an act: what will happen, the reason for the journal, and what the daemon said to it.
// SPDX-License-Identifier: MIT
import {Problem} from "./api.js";
import {el, say} from "./dom.js";

// question: {title, text, verb, danger, isWide, needsReason, fields: [nodes], act(reason, form)}. True once it was done.
export function askReason(question) {
    const id = "reason";
    const problem = el("p", {class: "problem", role: "alert"});
    const yes = el("button", {type: "submit", class: question.danger ? "danger" : "primary"}, question.verb);
    const no = el("button", {type: "button"}, "Cancel");
    const form = el("form", null,
        el("h2", {id: "asked"}, question.title),
        question.text && el("p", null, question.text),
        question.fields,
        el("label", {for: id}, question.needsReason ? "Reason, for the journal" : "Reason, for the journal (may be empty)"),
        el("input", {id, name: "reason", maxlength: 255, autocomplete: "off", required: question.needsReason}),
        problem,
        el("p", {class: "buttons"}, yes, no));
    const dialog = el("dialog", {"aria-labelledby": "asked", class: question.isWide ? "wide" : null}, form);

    document.body.append(dialog);
    dialog.showModal();
    form.elements[id].focus();
    return new Promise((resolve) => {
        let isDone = false;
        no.addEventListener("click", () => dialog.close());
        dialog.addEventListener("close", () => { dialog.remove(); resolve(isDone); });
        form.addEventListener("submit", async (event) => {
            event.preventDefault();
            yes.disabled = true;
            problem.textContent = "";
            try {
                await question.act(form.elements[id].value.trim(), form);
                isDone = true;
                say(`${question.title}: done`);
                dialog.close();
            } catch (error) {
                if (!(error instanceof Problem))
                    throw error;
                problem.textContent = error.message;
                yes.disabled = false;
            }
        });
    });
}
