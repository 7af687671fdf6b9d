// api.js - requests to the daemon with the token of this tab. SPDX-License-Identifier: MIT

const kept = "verdictd-token";
const waitMs = 70000;

let forgotten = () => {};

// Says what went wrong in one sentence; status 0: nobody answered.
export class Problem extends Error {
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}

export const token = {
    get: () => sessionStorage.getItem(kept) || "",
    keep: (text) => sessionStorage.setItem(kept, text),
    forget: () => sessionStorage.removeItem(kept),
};

// `act` is called when the daemon does not know the token (any more), with its sentence.
export function onUnknown(act) {
    forgotten = act;
}

function headersOf(options) {
    const headers = {Authorization: `Bearer ${options.token ?? token.get()}`};
    if (options.etag)
        headers["If-None-Match"] = options.etag;
    if (options.body !== undefined)
        headers["Content-Type"] = typeof options.body === "string" ? "text/plain" : "application/json";
    return headers;
}

async function problemOf(answer) {
    let detail = `the daemon answered ${answer.status}`;
    try {
        const body = await answer.json();
        detail = (body.detail || body.title || detail).replace(/^#\//, "");
    } catch { /* no problem document: a proxy's page */ }
    return new Problem(answer.status, detail);
}

// options: body (an object, or text), etag, signal, token; isEndless: the answer may take its time, `signal` ends it. The answer,
// or a Problem thrown; 304 is an answer.
export async function ask(method, path, options = {}) {
    const limit = options.isEndless ? options.signal : AbortSignal.timeout(waitMs);
    const body = options.body === undefined || typeof options.body === "string" ? options.body : JSON.stringify(options.body);
    let answer;
    try {
        answer = await fetch(path, {
            method, body, headers: headersOf(options), cache: "no-store", credentials: "omit", redirect: "error",
            signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
        });
    } catch (error) {
        if (options.signal?.aborted)
            throw error;
        throw new Problem(0, "the daemon does not answer");
    }
    if (answer.ok || answer.status === 304)
        return answer;
    const problem = await problemOf(answer);
    // One of two that were under way has said it already.
    if (answer.status === 401 && options.token === undefined && !options.signal?.aborted)
        forgotten(problem.message);
    throw problem;
}

export async function read(path, options) {
    return (await ask("GET", path, options)).json();
}

export async function send(path, body, method = "POST") {
    return (await ask(method, path, {body})).json();
}
