// weight.js - the share of the traffic as a bar: what was read back, and what is asked for. SPDX-License-Identifier: MIT
import {svg} from "./dom.js";
import {percent} from "./format.js";

export function weightBar(deployment) {
    const {share, desired_share: desired, mirror} = deployment;
    const words = `${percent(share)} of the traffic${desired !== share ? `, ${percent(desired)} asked for` : ""}${mirror > 0 ? `, copies of ${percent(mirror)}` : ""}`;
    return svg("svg", {class: "weight", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": words},
        svg("rect", {class: "all", width: 100, height: 10}),
        svg("rect", {class: "asked", width: desired, height: 10}),
        svg("rect", {class: "copied", width: mirror, y: 8, height: 2}),
        svg("rect", {class: "read", width: share, height: 10}));
}
