// app.js - which page is shown, and who looks at it. SPDX-License-Identifier: MIT
import {onUnknown, token} from "./api.js";
import {el, patch} from "./dom.js";
import {tellLink} from "./live.js";
import {showLogin} from "./login.js";
import {forgetMe, readMe} from "./me.js";
import {openFleet} from "./fleet.js";

// Each is loaded when it is first shown; it opens its page below an element and returns what ends it.
const deployment = async () => (await import("./deployment.js")).openDeployment;
const pages = [
    [/^\/?$/, () => openFleet],
    [/^\/deployments\/(dep_\d+)$/, deployment],
    [/^\/deployments\/([a-z0-9-]+\/[a-z0-9-]+)$/, deployment],
    [/^\/runs$/, async () => (await import("./runs.js")).openRuns],
    [/^\/runs\/(run_\d+)$/, async () => (await import("./run.js")).openRun],
    [/^\/quarantine$/, async () => (await import("./quarantine.js")).openQuarantine],
    [/^\/rules$/, async () => (await import("./rules.js")).openRules],
    [/^\/audit$/, async () => (await import("./audit.js")).openAudit],
];

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const leave = document.getElementById("leave");
const me = document.getElementById("me");

let close = () => {};
let shown = 0;

function openNothing(root, path) {
    patch(root, el("h1", null, "There is no such page"), el("p", null, path, " is none of the console's; ", el("a", {href: "#/"}, "the fleet"), " is."));
    return () => {};
}

function markNav(path) {
    for (const one of nav.querySelectorAll("a")) {
        const to = one.getAttribute("href").slice(1);
        if (to === "/" ? path === "/" || path.startsWith("/deployments") : path.startsWith(to))
            one.setAttribute("aria-current", "page");
        else
            one.removeAttribute("aria-current");
    }
}

function logOut(why) {
    shown++;
    token.forget();
    close();
    close = () => {};
    nav.hidden = leave.hidden = true;
    tellLink("");
    forgetMe(me);
    document.title = "verdictd";
    showLogin(main, why, show);
}

async function openPage(root, path) {
    const [pattern, load] = pages.find(([pattern]) => pattern.test(path)) || [null, () => openNothing];
    const mine = ++shown;
    let open;
    try {
        open = await load();
    } catch {
        patch(root, el("p", {class: "problem", role: "alert"}, "The daemon does not answer; load the page again."));
        return;
    }
    if (mine === shown)
        close = open(root, ...(pattern === null ? [path] : pattern.exec(path).slice(1)));
}

function show() {
    const path = location.hash.slice(1) || "/";

    if (token.get() === "") {
        logOut("");
        return;
    }
    close();
    close = () => {};
    nav.hidden = leave.hidden = false;
    if (me.textContent === "")
        readMe(me).catch(() => {}); // the page itself says what is wrong
    markNav(path);
    const root = el("div", {class: "page"});
    main.replaceChildren(root);
    openPage(root, path);
}

document.querySelector("[data-do=skip]").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
leave.addEventListener("click", () => logOut(""));
addEventListener("hashchange", show);
onUnknown((why) => logOut(why));
show();
