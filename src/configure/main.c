/* main.c - verdict-configure: files written from templates, and put back; started by verdict-runner, or by
 * hand.
 * SPDX-License-Identifier: MIT */
#include "base/manual.h"
#include "base/text.h"
#include "configure/work.h"
#include "io/standard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char HELP[] =
    "Usage: verdict-configure apply PLACE TEMPLATE [OPTION...] [-- PLACE TEMPLATE [OPTION...]]...\n"
    "       verdict-configure restore PLACE...\n"
    "Writes configuration files from templates, all of them or none, and puts back what was there before a\n"
    "deployment. verdict-runner starts it for verdictd.\n"
    "\n"
    "  PLACE           the file, an absolute path; its folder must be there\n"
    "  TEMPLATE        its template, an absolute path, with blanks {{name:type}}\n"
    "  sha256=HEX      what the template must be\n"
    "  kind=KIND       how values are written: plain, ini, shell, json, yaml, toml (default plain)\n"
    "  mode=0640       permissions; without it those of the file that is there, or 0644, or, with a secret, "
    "0600\n"
    "  owner=USER      who owns it; without it as it was, or the user that this runs as\n"
    "  group=GROUP     the same of its group\n"
    "  overwrite       also what somebody changed since it was written\n"
    "  check PROGRAM ARGUMENT...\n"
    "                  comes last: must end with 0 before any file is put in place; %s is the new file\n"
    "\n"
    "Types of blanks: string, integer, number, boolean, port, duration, seconds, milliseconds, size, bytes,\n"
    "host, url, path, list, secret. A blank NAME of the first file is filled from VERDICT_FILE_1_NAME, of "
    "the\n"
    "second from VERDICT_FILE_2_NAME, a secret from NAME.\n"
    "VERDICT_DEPLOYMENT names the deployment, CONFIGURE_KEEP the folder of what was there before\n"
    "(/var/lib/verdict-runner/configure).\n"
    "Ends with 0 done; 1 failed; 2 usage; 3 somebody changed a file, and nothing was written; 75 somebody "
    "else\n"
    "works on one.\n";

enum { PAGE_SIZE = 8192, MANUAL_SECTION = 8 };

static int print_manual(void)
{
    char memory[PAGE_SIZE];
    struct text page;

    text_init(&page, memory, sizeof(memory));
    manual_title(&page, "verdict-configure", MANUAL_SECTION);
    text_add(&page,
             ".SH NAME\nverdict-configure \\- writes configuration files for verdictd, and puts them back\n");
    text_add(&page, ".SH DESCRIPTION\n");
    manual_text(&page, HELP);
    manual_section(&page, "SEE ALSO", "verdict-runner(8), verdict(1)");
    return page.is_cut || fputs(page.data, stdout) < 0;
}

/* What it is given may be secret. */
static void harden(void)
{
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)umask(077);
}

int main(int count, char **texts)
{
    struct job job;
    struct err err = {0};

    standard_open();
    if (count == 2 && (strcmp(texts[1], "--help") == 0 || strcmp(texts[1], "--version") == 0))
        return fputs(strcmp(texts[1], "--help") == 0 ? HELP : "verdict-configure " VERDICT_VERSION "\n",
                     stdout) < 0;
    if (count == 2 && strcmp(texts[1], "--man") == 0)
        return print_manual();
    harden();
    (void)setvbuf(stdout, NULL, _IONBF, 0); /* in order with what a check says */
    if (!job_read(count, texts, &job, &err)) {
        (void)fprintf(stderr, "verdict-configure: %s\n", err.text);
        return WORK_USAGE;
    }
    return (int)(job.is_restore ? work_restore(&job) : work_apply(&job));
}
