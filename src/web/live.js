// live.js - keeps what a page shows up to date: it looks again when an event comes, and by itself: seldom while events come, often where
// they do not.
// SPDX-License-Identifier: MIT
import {Problem, ask} from "./api.js";

const restMs = 10000;  // between looks at what is over
const listMs = 5000;   // and at lists, while events come
const flowMs = 1000;   // numbers flow between events
const soonMs = 100;    // several events are one look
const retryMs = [500, 1000, 2000, 5000];

let events = null; // events.js, which a first view does not need

const isHeard = () => events?.isHeard() === true;

// Ends early at the abort, or when `wakes` is asked to.
function pause(ms, signal, wakes) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        wakes.now = () => { clearTimeout(timer); resolve(); };
        signal.addEventListener("abort", wakes.now, {once: true});
    });
}

// A tab that nobody sees asks for nothing.
function seen(signal) {
    return new Promise((resolve) => {
        const look = () => {
            if (document.visibilityState === "hidden" && !signal.aborted)
                return;
            document.removeEventListener("visibilitychange", look);
            resolve();
        };
        document.addEventListener("visibilitychange", look);
        signal.addEventListener("abort", look, {once: true});
        look();
    });
}

export function tellLink(text) {
    const place = document.getElementById("link");
    if (place.textContent !== text)
        place.textContent = text;
}

// Calls `look` over and over until the returned function is called; it answers how long to rest, and the function's
// `again` cuts that short, to `least` where it answers that too. What fails for good (4xx) is told to `failed`, what may pass is
// tried again. `concerns`: the events that are a reason to look.
function keepLooking(look, failed, concerns) {
    const end = new AbortController(), wakes = {now: () => {}};
    let lost = 0, isStale = false, isHurried = false, deaf = null;
    const wake = () => { isStale = true; wakes.now(); };

    async function listen() {
        deaf = () => {};
        try {
            events ??= await import("./events.js");
        } catch {
            deaf = null; // the next look tries again
            return;
        }
        if (!end.signal.aborted)
            deaf = events.hear((event) => { if (event === null || concerns(event)) wake(); });
    }

    if (concerns !== undefined && events !== null)
        listen();
    (async () => {
        while (!end.signal.aborted) {
            await seen(end.signal);
            try {
                isStale = isHurried = false;
                const [rest, least] = await look(end.signal);
                lost = 0;
                tellLink("");
                if (concerns !== undefined && deaf === null)
                    listen();
                if (!isStale)
                    await pause(rest, end.signal, wakes);
                if (isStale && !isHurried)
                    await pause(least, end.signal, {});
            } catch (error) {
                if (end.signal.aborted)
                    return;
                if (!(error instanceof Problem))
                    throw error;
                if (error.status >= 400 && error.status < 500 && error.status !== 429) {
                    failed(error);
                    return;
                }
                tellLink(`✖ ${error.message}; trying again`);
                await pause(retryMs[Math.min(lost++, retryMs.length - 1)], end.signal, wakes);
            }
        }
    })();
    return Object.assign(() => { end.abort(); deaf?.(); }, {again: () => { isHurried = true; wake(); }});
}

// Of one deployment or run: every change at once, and the numbers that flow every second.
export function follow(path, show, failed, concerns) {
    let etag = "";

    return keepLooking(async (signal) => {
        const isTold = concerns !== undefined && isHeard();
        let answer = etag === "" || isTold ? await ask("GET", path, {signal}) : await ask("GET", `${path}?wait=1s`, {signal, etag});
        if (answer.status === 304)
            answer = await ask("GET", path, {signal});
        etag = answer.headers.get("ETag") || "";
        const thing = await answer.json();
        show(thing);
        return [!thing.done && etag !== "" ? (isTold ? flowMs : 0) : thing.escalated ? restMs / 5 : restMs, soonMs];
    }, failed, concerns);
}

// Of lists: looked at again after a rest, a longer one where the answer took its time.
export function repeat(readAll, everyMs, show, failed, concerns) {
    return keepLooking(async (signal) => {
        const began = performance.now();
        show(await readAll(signal));
        const least = Math.max(soonMs, 10 * (performance.now() - began));
        return [Math.max(concerns !== undefined && isHeard() ? listMs : everyMs, least), least];
    }, failed, concerns);
}
