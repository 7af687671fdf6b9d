// events.js - the daemon's events, while somebody looks: a sign to look again, never what is shown.
// SPDX-License-Identifier: MIT
import {Problem, ask} from "./api.js";

const silenceMs = 40000; // the daemon gives a sign every 15 s
const graceMs = 1000;    // the next page may want the same stream
const retryMs = [2000, 5000, 15000, 60000];

const hearers = new Set();
let stream = null, lost = 0, retry = 0;

// Do events come now? Else whoever wants to know has to ask.
export const isHeard = () => stream?.isOpen === true;

function tellAll(event) {
    for (const act of [...hearers])
        act(event);
}

async function readOn(body, isAlive) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";

    for (;;) {
        const {value, done} = await reader.read();
        if (done)
            return;
        isAlive();
        const blocks = (text + value).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
            const data = block.split("\n").find((line) => line.startsWith("data: "));
            if (data !== undefined)
                tellAll(JSON.parse(data.slice(6)));
        }
    }
}

async function listen() {
    const end = new AbortController(), mine = {end, isOpen: false};
    let silence = 0;
    const isAlive = () => {
        clearTimeout(silence);
        silence = setTimeout(() => end.abort(), silenceMs);
    };

    stream = mine;
    isAlive();
    try {
        const answer = await ask("GET", "v1/events", {signal: end.signal, isEndless: true});
        mine.isOpen = true;
        lost = 0;
        tellAll(null); // what was between two streams is not known
        await readOn(answer.body, isAlive);
    } catch (error) {
        if (!(error instanceof Problem) && !(error instanceof TypeError) && error.name !== "AbortError")
            throw error;
    } finally {
        clearTimeout(silence);
        mine.isOpen = false;
        if (stream === mine) {
            stream = null;
            retry = setTimeout(look, retryMs[Math.min(lost++, retryMs.length - 1)]);
        }
    }
}

// A tab that nobody sees does not listen: a browser has few connections for all of its tabs.
function look() {
    const isWanted = hearers.size > 0 && document.visibilityState !== "hidden";

    clearTimeout(retry);
    if (isWanted && stream === null)
        listen();
    if (!isWanted && stream !== null) {
        const {end} = stream;
        stream = null;
        end.abort();
    }
}

// `act` is told each event, and null where some may have been missed, until the returned function is called.
export function hear(act) {
    hearers.add(act);
    look();
    return () => {
        hearers.delete(act);
        setTimeout(look, graceMs);
    };
}

document.addEventListener("visibilitychange", look);
