/* completion.c - verdict completion: a script made from the tables, for bash or zsh.
 * SPDX-License-Identifier: MIT */
#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

static void print_flags(void)
{
    for (size_t i = 0; arguments_flags[i].name != NULL; i++)
        (void)printf(" --%s", arguments_flags[i].name);
}

/* The words that its arguments name as they are typed: "create NAME | ls | revoke ID" has three. */
static void print_words(const char *arguments)
{
    static const char between[] = " |[]";

    for (const char *at = arguments; *at != '\0'; at += strspn(at, between)) {
        size_t length = strcspn(at, between);
        if (at[0] >= 'a' && at[0] <= 'z')
            (void)printf(" %.*s", (int)length, at);
        at += length;
    }
}

/* Of one verb; all lie between the quotes of the shell. */
static void print_options(const struct verb_entry *entry)
{
    print_words(entry->arguments);
    for (size_t i = 0; i < entry->option_count; i++)
        (void)printf(" --%s", entry->options[i].name);
    print_flags();
}

static void print_verbs(void)
{
    for (size_t i = 0; i < verb_count; i++)
        (void)printf(" %s", verb_table[i].name);
    print_flags();
}

/* Of an option that takes one of some words. */
static void print_values(const struct verb_entry *entry, const struct option *option)
{
    if (option->choices == NULL)
        return;
    (void)printf("        %s/--%s) choices=\"", entry->name, option->name);
    for (size_t i = 0; option->choices[i] != NULL; i++)
        (void)printf(" %s", option->choices[i]);
    (void)printf("\" ;;\n");
}

/* What may stand next, in a variable `choices`; `before` are the words between the program's name and the one
 * under the cursor. Flags may stand before the verb. */
static void print_choice(const char *before)
{
    (void)printf(
        "    for word in %s; do\n        case \"$word\" in -*) ;; *) [ -n \"$verb\" ] || verb=\"$word\" ;; "
        "esac\n        previous=\"$word\"\n    done\n",
        before);
    (void)printf("    case \"$verb\" in\n        \"\"|help) choices=\"");
    print_verbs();
    (void)printf("\" ;;\n");
    for (size_t i = 0; i < verb_count; i++) {
        (void)printf("        %s) choices=\"", verb_table[i].name);
        print_options(&verb_table[i]);
        (void)printf("\" ;;\n");
    }
    (void)printf("    esac\n    case \"$verb/$previous\" in\n");
    for (size_t i = 0; i < verb_count; i++)
        for (size_t j = 0; j < verb_table[i].option_count; j++)
            print_values(&verb_table[i], &verb_table[i].options[j]);
    (void)printf("    esac\n");
}

static void print_bash(void)
{
    (void)printf(
        "# completion of verdict, for bash\n_verdict() {\n"
        "    local current=\"${COMP_WORDS[COMP_CWORD]}\" choices=\"\" verb=\"\" previous=\"\" word\n");
    print_choice("\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
    (void)printf("    COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n}\n"
                 "complete -o default -F _verdict verdict\n");
}

/* As a file of the function path it is the function itself, and so called at once; sourced, it registers one.
 */
static void print_zsh(void)
{
    (void)printf("#compdef verdict\n# completion of verdict, for zsh\n_verdict() {\n"
                 "    local choices=\"\" verb=\"\" previous=\"\" word\n");
    print_choice("\"${(@)words[2,CURRENT-1]}\"");
    (void)printf("    compadd -- ${=choices}\n    [[ $PREFIX == -* || -z $verb ]] || _files\n}\n"
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
