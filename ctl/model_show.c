/*
 * phasectl model show: the text of a model, as it was accepted. Only reads.
 */
#include <stdio.h>
#include <string.h>

#include "core/edge/postgres.h"
#include "ctl/ctl.h"

#define VERSION_DIGITS 16

static const char *version;

static const struct option_about options[] = {
	{0},
};

static const struct postgres_statement show = {
	.name = "show",
	.sql = "SELECT text FROM report.model WHERE CASE WHEN $1 = '' THEN in_force ELSE starts_with(model, $1) "
	       "END "
	       "LIMIT 2",
	.parameter_count = 1,
	.parameters = {{POSTGRES_TEXT, false}},
};

static bool on_text(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)context;
	if (postgres_count(rows) == 0) {
		return fail_set(fail, FAIL_FATAL, version == NULL ? EXIT_CONFIG : EXIT_FOUND,
				version == NULL
					? "no model is in force yet: run phasectl model accept"
					: "no model of this version was accepted (phasectl model history lists "
					  "them)");
	}
	if (postgres_count(rows) > 1) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "several versions begin like this: more digits");
	}
	fputs(postgres_text(rows, 0, 0), stdout);
	return true;
}

/* In any case; no fewer digits than tell something. */
static bool read_version(struct ctl *ctl, const char **ret_digits, struct fail *fail)
{
	size_t size = version != NULL ? strlen(version) : 0;
	char *digits = arena_text(&ctl->arena, version != NULL ? version : "", size);
	for (size_t i = 0; digits != NULL && i < size; i++) {
		if (digits[i] >= 'A' && digits[i] <= 'F') {
			digits[i] = (char)(digits[i] - 'A' + 'a');
		}
	}
	if (digits == NULL || strspn(digits, "0123456789abcdef") != size || size > VERSION_DIGITS ||
	    (version != NULL && size < 4)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"VERSION: expected 16 hexadecimal digits, or the first ones, four at least");
	}
	*ret_digits = digits;
	return true;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	struct postgres_value value;
	const char *digits = "";
	bool done = ctl_read_conf(ctl, &fail) && read_version(ctl, &digits, &fail) &&
		    postgres_value_text(digits, &value) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    postgres_add(postgres, &show, &value, on_text, NULL, &fail) && ctl_turn(postgres, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	return EXIT_DONE;
}

const struct command model_show_command = {
	.words = "model show",
	.summary = "print a model as it was accepted",
	.details = "The one in force, or that of VERSION. As one file that can be edited and accepted again: "
		   "unedited it "
		   "is the\n"
		   "same version. Comments of the files it came from are not in it. Needs phased_reader.",
	.options = options,
	.operand = {"VERSION", &version, false},
	.run = run,
};
