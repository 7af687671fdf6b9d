// dom.js - elements made by calls, and a drawn tree brought up to date. SPDX-License-Identifier: MIT
// Whatever comes from outside becomes a text node or an attribute that runs nothing, never markup.

function make(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {}))
        if (value !== false && value !== null && value !== undefined)
            node.setAttribute(name, value === true ? "" : String(value));
    node.append(...flat(children));
    return node;
}

// Nothing for null and false, so that a part may be left out where it stands.
function flat(children) {
    return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
        .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

// el("a", {href: "#/"}, "Fleet"): children may be texts, nodes, lists of these, or null.
export function el(name, attributes, ...children) {
    return make(document.createElement(name), attributes, children);
}

export function svg(name, attributes, ...children) {
    return make(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

// Only what the web serves: a link of a pipeline may say anything.
export function link(address, ...children) {
    const isWeb = /^https?:\/\//i.test(address);
    return isWeb ? el("a", {href: address, rel: "noreferrer noopener", target: "_blank"}, ...children) : el("span", null, ...children);
}

function key(node) {
    return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null;
}

function fits(old, wanted) {
    return old.nodeType === wanted.nodeType && old.nodeName === wanted.nodeName && key(old) === key(wanted);
}

function mend(old, wanted) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
        if (old.data !== wanted.data)
            old.data = wanted.data;
        return;
    }
    for (const {name} of [...old.attributes])
        if (!wanted.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS"))
            old.removeAttribute(name);
    for (const {name, value} of wanted.attributes)
        if (old.getAttribute(name) !== value)
            old.setAttribute(name, value);
    if (!old.hasAttribute("data-own"))
        patch(old, [...wanted.childNodes]);
}

// Makes `parent` look as `wanted` says and keeps the nodes that fit: focus, selection and open parts stay.
// data-key tells rows apart; what data-own marks is filled by somebody else.
export function patch(parent, ...wanted) {
    let at = parent.firstChild;

    for (const node of flat(wanted)) {
        let old = at;
        if (key(node) !== null)
            while (old !== null && !fits(old, node))
                old = old.nextSibling;
        if (old === null || !fits(old, node)) {
            parent.insertBefore(node, at);
            continue;
        }
        if (old === at)
            at = at.nextSibling;
        else
            parent.insertBefore(old, at);
        mend(old, node);
    }
    while (at !== null) {
        const next = at.nextSibling;
        at.remove();
        at = next;
    }
}

// Said by screen readers; nothing is said twice in a row.
export function say(text) {
    const place = document.getElementById("said");
    if (place.textContent !== text)
        place.textContent = text;
}
