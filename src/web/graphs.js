// graphs.js - pictures of a deployment's metrics, drawn by the daemon when they are asked for. SPDX-License-Identifier: MIT
import {Problem, ask} from "./api.js";
import {el, patch} from "./dom.js";

function asAddress(blob) {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.addEventListener("load", () => resolve(reader.result));
        reader.addEventListener("error", () => reject(reader.error));
        reader.readAsDataURL(blob);
    });
}

// The section, and `redraw` for when there is more to see.
export function newGraphs(idOf) {
    const choice = el("p", {class: "buttons"}), picture = el("div", {class: "picture", "aria-live": "polite"});
    let drawn = "";

    async function draw(metric) {
        const id = idOf();
        drawn = metric;
        for (const one of choice.children)
            one.setAttribute("aria-pressed", String(one.dataset.metric === metric));
        picture.setAttribute("aria-busy", "true");
        try {
            const answer = await ask("GET", `v1/deployments/${id}/graph?metric=${encodeURIComponent(metric)}&format=svg`);
            const address = await asAddress(await answer.blob());
            if (drawn === metric)
                patch(picture, el("img", {src: address, alt: `${metric} of both versions, with what happened and the bounds`}));
        } catch (error) {
            if (!(error instanceof Problem))
                throw error;
            if (drawn === metric)
                patch(picture, el("p", {class: "problem"}, error.message));
        }
        picture.removeAttribute("aria-busy");
    }

    choice.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-metric]");
        if (button !== null)
            draw(button.dataset.metric);
    });
    return {
        parts: [choice, picture],
        show(metrics) {
            patch(choice, metrics.map((name) => el("button", {type: "button", "data-key": name, "data-metric": name, "aria-pressed": String(name === drawn)}, name)));
        },
        redraw() {
            if (drawn !== "")
                draw(drawn);
        },
    };
}
