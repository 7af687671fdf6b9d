/* html.c - escaping, and the frame of a page with its style.
 * SPDX-License-Identifier: MIT */
#include "api/html.h"

#include "io/utf8.h"

#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n";

static const char style[] =
    "<style>\n"
    ":root { --paper: #ffffff; --ink: #1c1e21; --soft: #5b6169; --line: #d5d9de; --panel: #f5f6f8;\n"
    " --good: #14703a; --bad: #b3261e; --open: #8a5a00; }\n"
    "@media (prefers-color-scheme: dark) { :root { --paper: #15171a; --ink: #e6e8eb; --soft: #a3abb5;\n"
    " --line: #363b42; --panel: #1e2125; --good: #6fd397; --bad: #ff8f86; --open: #f0bd5e; } }\n"
    "* { box-sizing: border-box; }\n"
    "body { margin: 0 auto; padding: 1.5rem; max-width: 68rem; background: var(--paper); color: var(--ink);\n"
    " font: 15px/1.5 system-ui, sans-serif; }\n"
    "h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }\n"
    "h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); }\n"
    "h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }\n"
    "p { margin: .3rem 0; overflow-wrap: anywhere; }\n"
    "code { font: .92em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }\n"
    "dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }\n"
    ".wide { overflow-x: auto; }\n"
    "table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }\n"
    "th { color: var(--soft); font-weight: 600; text-align: left; }\n"
    "th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top;\n"
    " overflow-wrap: break-word; }\n"
    "article { background: var(--panel); border: 1px solid var(--line); border-radius: 6px;\n"
    " padding: .7rem .9rem; margin: .7rem 0; }\n"
    ".pass { color: var(--good); font-weight: 600; } .fail { color: var(--bad); font-weight: 600; }\n"
    ".inconclusive { color: var(--open); font-weight: 600; } .soft { color: var(--soft); }\n"
    "@media print { body { max-width: none; padding: 0; font-size: 11px; } article, tr { break-inside: "
    "avoid; }\n"
    " h2, h3 { break-after: avoid; } .wide { overflow: visible; } }\n"
    "</style>\n</head>\n<body>\n";

void html_begin(FILE *to, const char *title)
{
    (void)fputs(head, to);
    html_element(to, "title", NULL, title);
    (void)fputs("\n", to);
    (void)fputs(style, to);
}

void html_end(FILE *to)
{
    (void)fputs("</body>\n</html>\n", to);
}

static const char *entity_of(char sign)
{
    switch (sign) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(FILE *to, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = utf8_length(text, left);
        bool is_plain =
            length == 1 && ((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t') && *text != '\x7f';
        bool is_kept = is_plain || (length > 1 && !utf8_is_control(text, length));
        size_t taken = length == 0 ? 1 : length;
        if (!is_kept)
            (void)fputs("\xEF\xBF\xBD", to);
        else if (length == 1 && entity_of(*text) != NULL)
            (void)fputs(entity_of(*text), to);
        else
            (void)fwrite(text, 1, taken, to);
        text += taken;
        left -= taken;
    }
}

void html_element(FILE *to, const char *name, const char *class_name, const char *text)
{
    (void)fprintf(to, "<%s", name);
    if (class_name != NULL)
        (void)fprintf(to, " class=\"%s\"", class_name);
    (void)fputs(">", to);
    html_text(to, text);
    (void)fprintf(to, "</%s>", name);
}
