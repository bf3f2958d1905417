/*
 * phasectl: one table of commands. Finds the command, parses its options, runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/secret.h"
#include "core/base/text.h"
#include "ctl/ctl.h"

#define ARENA_SIZE ((size_t)64 * 1024 * 1024) /* configuration, model, one page of rows; costs what is used */
#define LINE_SIZE 128

static const struct command *const commands[] = {
	&report_phases_command,
	&report_command,
	&brief_command,
	&journey_command,
	&at_command,
	&why_command,
	&board_command,
	&status_command,
	&top_command,
	&check_command,
	&migrate_command,
	&model_check_command,
	&model_lint_command,
	&model_diff_command,
	&model_accept_command,
	&model_reject_command,
	&model_history_command,
	&model_show_command,
	&model_calibrate_command,
	&model_try_command,
	&accounts_accept_command,
	&topics_create_command,
	&erase_command,
	&export_command,
	&confirm_command,
	&produce_command,
	&import_command,
	&position_show_command,
	&position_set_command,
	&rejects_list_command,
	&rejects_show_command,
	&rejects_retry_command,
	&rejects_purge_command,
	&identity_show_command,
	&identity_join_command,
	&identity_split_command,
	&machine_show_command,
	&machine_clear_command,
	&retention_command,
	&unsubscribe_list_command,
	&unsubscribe_settle_command,
	&audit_command,
	&reload_command,
};

static struct {
	const char *config;
	bool help, version;
} asked = {.config = CONF_FILE};

static const struct option_about global_options[] = {
	{"config", "FILE", OPTION_TEXT, &asked.config, 0, 0, "configuration (default: " CONF_FILE ")"},
	{"help", NULL, OPTION_FLAG, &asked.help, 0, 0, "this help; after a command: its own"},
	{"version", NULL, OPTION_FLAG, &asked.version, 0, 0, "the version of phased"},
	{0},
};

static void print_help(void)
{
	printf("usage: phasectl [--config FILE] COMMAND [OPTION]…\n\n"
	       "Asks phased about buying phases, and looks after its database, topics and model.\n\ncommands:\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		printf("  %-19s %s\n", commands[i]->words, commands[i]->summary);
	}
	printf("\noptions:\n");
	options_print(global_options);
	printf("\nphasectl COMMAND --help says more. Exit codes: 0 done, 1 found something, 64 usage, 65 bad data "
	       "or\n"
	       "schema version, 69 a server is away, 70 our bug, 77 not allowed, 78 configuration.\n");
}

static void print_command_help(const struct command *command)
{
	const struct operand *operand = &command->operand;
	printf("usage: phasectl %s%s%s%s%s [OPTION]…\n\n%c%s.\n", command->words,
	       operand->name == NULL || operand->is_needed ? "" : " [", operand->is_needed ? " " : "",
	       operand->name != NULL ? operand->name : "", operand->name == NULL || operand->is_needed ? "" : "]",
	       command->summary[0] - 'a' + 'A', command->summary + 1);
	if (command->details[0] != '\0') {
		printf("%s\n", command->details);
	}
	if (command->say_more != NULL) {
		command->say_more();
	}
	printf("\noptions:\n");
	if (command->options != NULL) {
		options_print(command->options);
	}
	options_print(global_options);
}

/* Does the command's name start with this many of the words? Its own number of words, or 0. */
static int matches(const struct command *command, int count, char **words)
{
	char line[LINE_SIZE];
	int own = strchr(command->words, ' ') != NULL ? 2 : 1;
	if (count < own) {
		return 0;
	}
	snprintf(line, sizeof(line), "%s%s%s", words[0], own == 2 ? " " : "", own == 2 ? words[1] : "");
	return strcmp(line, command->words) == 0 ? own : 0;
}

static int unknown_command(int count, char **words)
{
	const char *names[COUNT_OF(commands)];
	char line[LINE_SIZE];
	snprintf(line, sizeof(line), "%s%s%s", words[0], count > 1 ? " " : "", count > 1 ? words[1] : "");
	size_t group_size = strlen(words[0]);
	const char *nearest = NULL;
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		names[i] = commands[i]->words;
		if (strncmp(names[i], words[0], group_size) == 0 && names[i][group_size] == ' ' &&
		    nearest == NULL) {
			nearest = names[i]; /* "topics" alone, or with a word that it does not have */
		}
	}
	/* The name of a group is what it is, however much it looks like another command: topics, top. */
	const char *spelled = count > 1 || nearest == NULL ? text_nearest(line, names, COUNT_OF(names)) : NULL;
	nearest = spelled != NULL ? spelled : nearest;
	nearest = nearest != NULL ? nearest : text_nearest(words[0], names, COUNT_OF(names));
	if (text_has_address(line)) {
		snprintf(line, sizeof(line), "of that name");
	}
	fprintf(stderr, "phasectl: no command %s%s%s%s (see phasectl --help)\n", line,
		nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
		nearest != NULL ? "?" : "");
	return EXIT_USAGE;
}

static int run(const struct command *command)
{
	struct ctl ctl = {.words = command->words, .config_path = asked.config};
	struct fail fail;
	if (!arena_init(&ctl.arena, ARENA_SIZE)) {
		fail_set(&fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
		return ctl_complain(&fail);
	}
	int exit_code = command->run(&ctl);
	arena_finish(&ctl.arena);
	return exit_code;
}

static int dispatch(const struct command *command, int argc, char **argv)
{
	struct fail fail;
	int rest;
	if (!options_parse(command->options, global_options, argc, argv, &rest, &fail)) {
		fail_prefix(&fail, "%s", command->words);
		return ctl_complain(&fail);
	}
	if (asked.help) {
		print_command_help(command);
		return EXIT_DONE;
	}
	const struct operand *operand = &command->operand;
	int taken = operand->name != NULL ? 1 : 0;
	if (rest > taken) {
		fail_set(&fail, FAIL_FATAL, EXIT_USAGE, "%s: expected %s%s only, not \"%.40s\" (see --help)",
			 command->words, taken > 0 ? operand->name : "options", taken > 0 ? " and options" : "",
			 text_has_address(argv[taken]) ? "…" : argv[taken]);
		return ctl_complain(&fail);
	}
	if (rest < taken && operand->is_needed) {
		fail_set(&fail, FAIL_FATAL, EXIT_USAGE, "%s: expected %s (see --help)", command->words,
			 operand->name);
		return ctl_complain(&fail);
	}
	if (rest == 1) {
		*operand->ret = argv[0];
	}
	return run(command);
}

static int take_words(int argc, char **argv)
{
	/* Options before the command are ours; a value of --config is not a command. */
	int first = 1;
	while (first < argc && strncmp(argv[first], "--", 2) == 0) {
		first += strcmp(argv[first], "--config") == 0 ? 2 : 1;
	}
	first = first < argc ? first : argc;
	struct fail fail;
	int rest;
	if (!options_parse(global_options, NULL, first - 1, argv + 1, &rest, &fail)) {
		return ctl_complain(&fail);
	}
	if (asked.version) {
		printf("phasectl %s\n", PHASED_VERSION);
		return EXIT_DONE;
	}
	int count = argc - first;
	char **words = argv + first;
	if (count == 0) {
		if (asked.help) {
			print_help();
			return EXIT_DONE;
		}
		fprintf(stderr, "phasectl: expected a command (see phasectl --help)\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		int own = matches(commands[i], count, words);
		if (own > 0) {
			return dispatch(commands[i], count - own, words + own);
		}
	}
	return unknown_command(count, words);
}

int main(int argc, char **argv)
{
	secret_forbid_cores();
	int exit_code = take_words(argc, argv);
	/* What could not be written was not said. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "phasectl: stdout: cannot be written to\n");
		return exit_code != EXIT_DONE ? exit_code : EXIT_AWAY;
	}
	return exit_code;
}
