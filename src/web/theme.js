// theme.js - light, dark, or what the system has; runs before the page is painted. SPDX-License-Identifier: MIT
"use strict";
(() => {
    const order = ["", "light", "dark"];
    const names = {"": "as the system has it", light: "light", dark: "dark"};
    const root = document.documentElement;

    function kept() {
        try {
            return localStorage.getItem("theme") || "";
        } catch {
            return "";
        }
    }

    function set(theme) {
        if (theme === "")
            delete root.dataset.theme;
        else
            root.dataset.theme = theme;
        const button = document.getElementById("theme");
        if (button) {
            button.textContent = `◐ ${theme || "auto"}`;
            button.setAttribute("aria-label", `Theme: ${names[theme]}`);
        }
    }

    function next() {
        const theme = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
        try {
            localStorage.setItem("theme", theme);
        } catch { /* it holds for this page */ }
        set(theme);
    }

    set(order.includes(kept()) ? kept() : "");
    document.addEventListener("DOMContentLoaded", () => {
        set(root.dataset.theme || "");
        document.getElementById("theme").addEventListener("click", next);
    });
})();
