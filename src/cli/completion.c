/* completion.c - verdict completion: a script made from the tables, for bash or zsh.
 * SPDX-License-Identifier: MIT */
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

/* "--json ... --version V ..." of one verb; all lie between the quotes of the shell. */
static void print_options(const struct verb_entry *entry)
{
    (void)printf("--json --plain --quiet --help");
    for (size_t i = 0; i < entry->option_count; i++)
        (void)printf(" --%s", entry->options[i].name);
}

static void print_verbs(void)
{
    (void)printf("--help --version");
    for (size_t i = 0; i < verb_count; i++)
        (void)printf(" %s", verb_table[i].name);
}

/* What may stand next, in a variable `words`; `place` is the number of the word under the cursor, counted
 * from 0, `first` what the shell calls the verb. */
static void print_choice(const char *place, const char *first)
{
    (void)printf("    if [ \"%s\" -eq 1 ]; then choices=\"", place);
    print_verbs();
    (void)printf("\"; else case \"%s\" in\n", first);
    for (size_t i = 0; i < verb_count; i++) {
        (void)printf("        %s) choices=\"", verb_table[i].name);
        print_options(&verb_table[i]);
        (void)printf("\" ;;\n");
    }
    (void)printf("    esac; fi\n");
}

static void print_bash(void)
{
    (void)printf("# completion of verdict, for bash\n_verdict() {\n"
                 "    local current=\"${COMP_WORDS[COMP_CWORD]}\" choices=\"\"\n");
    print_choice("$COMP_CWORD", "${COMP_WORDS[1]}");
    (void)printf("    COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n}\n"
                 "complete -o default -F _verdict verdict\n");
}

/* As a file of the function path it is the function itself, and so called at once; sourced, it registers one.
 */
static void print_zsh(void)
{
    (void)printf(
        "#compdef verdict\n# completion of verdict, for zsh\n_verdict() {\n    local choices=\"\"\n");
    print_choice("$((CURRENT - 1))", "${words[2]}");
    (void)printf("    compadd -- ${=choices}\n    [[ $PREFIX == -* ]] || (( CURRENT == 2 )) || _files\n}\n"
                 "if [ \"$funcstack[1]\" = _verdict ]; then\n    _verdict \"$@\"\nelse\n"
                 "    (( $+functions[compdef] )) || { autoload -U +X compinit && compinit -u -D; }\n"
                 "    compdef _verdict verdict\nfi\n");
}

int completion_run(struct cli *cli)
{
    bool is_zsh = strcmp(cli->words[0], "zsh") == 0;

    if (!is_zsh && strcmp(cli->words[0], "bash") != 0) {
        verb_complain(cli, "%s: bash and zsh are known", cli->words[0]);
        return VERB_REFUSED;
    }
    if (is_zsh)
        print_zsh();
    else
        print_bash();
    return VERB_DONE;
}
