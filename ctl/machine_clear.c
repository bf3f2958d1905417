/*
 * phasectl machine clear: what was taken for a machine's of this contact was a person's, all of it or for some reasons; or,
 * with --undo, was not after all. The database notes who said so, and the daemon folds the contact anew.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edge/postgres.h"
#include "ctl/contact_word.h"
#include "ctl/model_word.h"

#define REASONS_MAX 32
#define COMMENT_BYTES_MAX 200

static struct {
	const char *contact, *reasons, *comment;
	bool undo;
} asked = {.reasons = "", .comment = ""};

static const struct option_about options[] = {
	{"reason", "NAMES", OPTION_TEXT, &asked.reasons, 0, 0,
	 "these alone, commas between: as machine show calls them (default: any)"},
	{"comment", "TEXT", OPTION_TEXT, &asked.comment, 0, 0,
	 "why, for whoever asks later: one line, at most 200 bytes"},
	{"undo", NULL, OPTION_FLAG, &asked.undo, 0, 0,
	 "take it back, for these reasons or (default) for all that were cleared"},
	{0},
};

/* What reasons there are, and those that are meant. */
struct reasons {
	struct arena *arena;
	const char *known[REASONS_MAX];
	size_t known_count;
	const char *meant[REASONS_MAX];
	size_t meant_count;
};

static const struct postgres_statement find_reasons = {
	.name = "find_reasons", .sql = "SELECT reason FROM report.machine_reason ORDER BY bits", .simple = true};
static const struct postgres_statement decide = {
	.name = "decide",
	.sql = "SELECT report.machine_decide($1, string_to_array($2, ','), $3, $4)",
	.parameter_count = 4,
	.parameters = {{POSTGRES_UUID, false},
		       {POSTGRES_TEXT, false},
		       {POSTGRES_BOOL, false},
		       {POSTGRES_TEXT, false}},
};

static bool on_reasons(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct reasons *reasons = context;
	(void)fail;
	CHECK(postgres_count(rows) <= REASONS_MAX);
	for (size_t i = 0; i < postgres_count(rows); i++) {
		const char *name = postgres_text(rows, i, 0);
		reasons->known[reasons->known_count++] = arena_text(reasons->arena, name, strlen(name));
		CHECK(reasons->known[i] != NULL);
	}
	return true;
}

/* The words between commas, as the database writes them. */
static bool read_reasons(struct reasons *reasons, struct fail *fail)
{
	for (const char *at = asked.reasons; *at != '\0';) {
		size_t size = strcspn(at, ",");
		const char *word = arena_text(reasons->arena, at, size);
		CHECK(word != NULL);
		if (!model_word("--reason", &word, "phased", "reason", reasons->known, reasons->known_count,
				fail)) {
			return false;
		}
		if (reasons->meant_count == REASONS_MAX) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--reason: at most %d reasons", REASONS_MAX);
		}
		reasons->meant[reasons->meant_count++] = word;
		at += size + (at[size] == ',');
	}
	return true;
}

/* One text again. */
static const char *join(const struct reasons *reasons)
{
	const char *text = "";
	for (size_t i = 0; i < reasons->meant_count; i++) {
		text = arena_print(reasons->arena, "%s%s%s", text, i > 0 ? "," : "", reasons->meant[i]);
		CHECK(text != NULL);
	}
	return text;
}

static bool on_decided(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	(void)fail;
	*(int64_t *)context = postgres_int(rows, 0, 0);
	return true;
}

static bool check_comment(struct fail *fail)
{
	size_t size = strlen(asked.comment);
	if (size > COMMENT_BYTES_MAX) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--comment: %zu bytes, at most %d are kept", size,
				COMMENT_BYTES_MAX);
	}
	return (text_is_utf8(asked.comment, size) && text_is_plain(asked.comment)) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			"--comment: expected one line of UTF-8 without control characters");
}

static bool do_it(struct ctl *ctl, struct postgres *postgres, struct uuid *ret_contact, int64_t *ret_changed,
		  struct fail *fail)
{
	struct reasons reasons = {.arena = &ctl->arena};
	struct postgres_value values[4];
	if (!contact_word_id(ctl, postgres, "machine clear", asked.contact, ret_contact, fail) ||
	    !postgres_add(postgres, &find_reasons, NULL, on_reasons, &reasons, fail) ||
	    !ctl_turn(postgres, fail) || !read_reasons(&reasons, fail)) {
		return false;
	}
	bool fits = postgres_value_uuid(ret_contact, &values[0]) &&
		    postgres_value_text(join(&reasons), &values[1]) &&
		    postgres_value_int(&ctl->arena, POSTGRES_BOOL, !asked.undo, &values[2]) &&
		    postgres_value_text(asked.comment, &values[3]);
	CHECK(fits);
	if (postgres_add(postgres, &decide, values, on_decided, ret_changed, fail) && ctl_turn(postgres, fail)) {
		return true;
	}
	if (strcmp(fail->code, "PH004") == 0) {
		fail_set(fail, FAIL_FATAL, EXIT_FOUND, "nothing is known of this contact");
	}
	return false;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct postgres *postgres = NULL;
	struct uuid contact;
	int64_t changed = 0;
	bool done = check_comment(&fail) && ctl_read_conf(ctl, &fail) &&
		    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) != NULL &&
		    do_it(ctl, postgres, &contact, &changed, &fail);
	postgres_destroy(postgres);
	if (!done) {
		return ctl_give_up(ctl, &fail);
	}
	char text[UUID_TEXT_SIZE];
	uuid_print(&contact, text);
	if (changed == 0) {
		printf("%s: nothing to change\n", text);
	} else {
		printf("%s: %" PRId64 " reason%s %s; the daemon works it out anew\n", text, changed,
		       changed == 1 ? "" : "s", asked.undo ? "no longer cleared" : "cleared");
	}
	return EXIT_DONE;
}

const struct command machine_clear_command = {
	.words = "machine clear",
	.summary = "what was taken for a machine's of a contact was a person's",
	.details =
		"CONTACT is an id as report phases shows it, its first 8 digits or more, or - for an address on "
		"stdin.\n"
		"Its touches that were left out for these reasons count from now on, past ones and those to come, "
		"as "
		"if they\n"
		"had never been flagged; --undo leaves them out again. What a flagged event claimed or agreed to "
		"stays unsaid.\n"
		"It is noted who decided, when, and the comment. Needs phased_seller or phased_privacy.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, true},
	.run = run,
};
