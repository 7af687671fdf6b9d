// rules.js - the text of a rule file, checked as the daemon would read it. SPDX-License-Identifier: MIT
import {Problem, ask, read} from "./api.js";
import {el, patch, say} from "./dom.js";
import {mark} from "./format.js";

function showLine(text, line) {
    const lines = text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] || "").length);
}

function findings(answer) {
    if (answer.ok)
        return el("p", null, mark("ok"), " Nothing is wrong with it.");
    return el("ol", {class: "findings"}, answer.findings.map((finding) => el("li", null, mark("fail"), " ",
        finding.line > 0 && el("button", {type: "button", class: "small", "data-line": finding.line}, `line ${finding.line}`), " ", finding.text,
        finding.source && el("code", null, finding.source.trim()))));
}

function kinds(known) {
    return el("dl", null, [["sources", known.sources], ["levers", known.traffic], ["notifiers", known.notifiers]].map(([name, words]) =>
        [el("dt", null, name), el("dd", null, words.join(", "))]));
}

export function openRules(root) {
    const text = el("textarea", {id: "rules", rows: 18, spellcheck: "false", autocomplete: "off", wrap: "off"});
    const file = el("input", {type: "file", id: "file", accept: ".rules,.conf,text/plain"});
    const out = el("div", {role: "status"}), about = el("div"), problem = el("p", {class: "problem", role: "alert"});

    async function tell(promise) {
        try {
            problem.textContent = "";
            return await promise;
        } catch (error) {
            if (!(error instanceof Problem))
                throw error;
            problem.textContent = error.message;
            return null;
        }
    }

    async function check() {
        const answer = await ask("POST", "v1/rules/check", {body: text.value});
        const found = await answer.json();
        patch(out, findings(found));
        say(found.ok ? "Nothing is wrong with it" : `${found.findings.length} findings`);
    }

    document.title = "Rules – verdictd";
    root.append(el("h1", null, "Check a rule file"),
        el("p", {class: "dim"}, "Read as the daemon would, and forgotten. Nothing changes by it; files in its folder do, after a SIGHUP."),
        el("form", {id: "check"}, el("label", {for: "file"}, "A file of this machine"), file, el("label", {for: "rules"}, "Text (Ctrl+Enter checks it)"), text,
            el("p", {class: "buttons"}, el("button", {type: "submit", class: "primary"}, "Check"))),
        problem, out, el("section", null, el("h2", null, "What rule files may name here"), about));

    file.addEventListener("change", async () => {
        if (file.files.length > 0)
            text.value = await file.files[0].text();
    });
    text.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
            tell(check());
    });
    root.addEventListener("submit", (event) => { event.preventDefault(); tell(check()); });
    root.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-line]");
        if (button !== null)
            showLine(text, Number(button.dataset.line));
    });
    tell(read("v1/rules").then((known) => patch(about, kinds(known))));
    return () => {};
}
