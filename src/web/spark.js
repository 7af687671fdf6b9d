// spark.js - the last values of a rule as a line, with its bound. SPDX-License-Identifier: MIT
import {svg} from "./dom.js";
import {isNumber} from "./format.js";

const width = 96, height = 20, most = 120;

// Values since this page was opened: {name: [numbers]}.
export function newHistory() {
    return new Map();
}

export function note(history, rules) {
    for (const rule of rules) {
        const values = history.get(rule.name) || [];
        if (isNumber(rule.value))
            values.push(rule.value);
        history.set(rule.name, values.slice(-most));
    }
}

export function spark(values, bound) {
    if (!values || values.length < 2)
        return null;
    const all = isNumber(bound) ? [...values, bound] : values;
    const low = Math.min(...all), span = Math.max(...all) - low || 1;
    const y = (value) => (height - 2 - (value - low) / span * (height - 4)).toFixed(1);
    const x = (i) => (1 + i / (values.length - 1) * (width - 2)).toFixed(1);
    return svg("svg", {class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true"},
        isNumber(bound) && svg("line", {class: "bound", x1: 0, x2: width, y1: y(bound), y2: y(bound)}),
        svg("polyline", {points: values.map((value, i) => `${x(i)},${y(value)}`).join(" ")}));
}
