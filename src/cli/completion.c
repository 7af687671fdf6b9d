/* completion.c - verdict completion: a script made from the tables; zsh runs bash's.
 * SPDX-License-Identifier: MIT */
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

int completion_run(struct cli *cli)
{
    bool is_zsh = strcmp(cli->words[0], "zsh") == 0;

    if (!is_zsh && strcmp(cli->words[0], "bash") != 0) {
        verb_complain(cli, "%s: bash and zsh are known", cli->words[0]);
        return VERB_REFUSED;
    }
    if (is_zsh)
        (void)printf("#compdef verdict\nautoload -U +X compinit && compinit -u -D\n"
                     "autoload -U +X bashcompinit && bashcompinit\n");
    (void)printf("# completion of verdict\n_verdict() {\n    local "
                 "current=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"--help --version");
    for (size_t i = 0; i < verb_count; i++)
        (void)printf(" %s", verb_table[i].name);
    (void)printf("\"; else case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < verb_count; i++) {
        (void)printf("        %s) words=\"--json --plain --quiet --help", verb_table[i].name);
        for (size_t k = 0; k < verb_table[i].option_count; k++)
            (void)printf(" --%s", verb_table[i].options[k].name);
        (void)printf("\" ;;\n");
    }
    (void)printf("    esac; fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
                 "complete -o default -F _verdict verdict\n");
    return VERB_DONE;
}
