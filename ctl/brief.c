/*
 * phasectl brief: an account on one page, before a meeting: where it is and how sure that is, who of its people stands where, who
 * moved, who is missing, why, and what to show next.
 */
#include "ctl/brief.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/model_file.h"
#include "core/edge/postgres.h"
#include "ctl/account_word.h"
#include "ctl/pager.h"
#include "ctl/phase_bar.h"
#include "ctl/report_phases.h"
#include "ctl/report_show.h"
#include "ctl/report_weekly.h"
#include "ctl/report_words.h"
#include "ctl/terminal.h"

#define MEMBERS_MAX 12
#define MOVES_MAX 8
#define MOVES_WEEKS 4 /* this one and those before */

static struct {
	const char *account, *process;
} asked;

static const struct option_about options[] = {
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0,
	 "the process (default: the one that the account is farthest in)"},
	{0},
};

void brief_heading(const char *words)
{
	printf("\n%s%s%s\n", terminal_style(TERMINAL_BOLD), words, terminal_style_end(TERMINAL_BOLD));
}

const char *brief_title(const struct brief *brief, const char *content)
{
	for (unsigned i = 0; brief->in_force != NULL && i < brief->in_force->content_count; i++) {
		const struct model_content *one = &brief->in_force->contents[i];
		if (strcmp(one->name, content) == 0 && one->title != NULL) {
			return one->title;
		}
	}
	return content;
}

/* ---- The head ---- */

struct head {
	struct brief *brief;
	const struct report *report;
	bool found;
};

static const struct report_value *value_of(const struct head *head, const struct report_value *row,
					   const char *name)
{
	return &row[report_column(head->report, name)];
}

static const char *text_of(const struct head *head, const struct report_value *row, const char *name,
			   char scratch[static REPORT_SCRATCH_SIZE])
{
	unsigned i = report_column(head->report, name);
	return report_cell(&head->report->columns[i], &row[i], head->brief->now_us, scratch);
}

static enum main_phase phase_of(const char *word)
{
	for (enum main_phase phase = MAIN_EARLY; phase < MAIN_COUNT; phase++) {
		if (strcmp(word, main_phase_name(phase)) == 0) {
			return phase;
		}
	}
	return MAIN_NONE;
}

static void print_state(const struct head *head, const struct report_value *row)
{
	char scratch[REPORT_SCRATCH_SIZE];
	const struct brief *brief = head->brief;
	const double part[3] = {value_of(head, row, "early")->number, value_of(head, row, "mid")->number,
				value_of(head, row, "late")->number};
	const struct report_value *phase = value_of(head, row, "phase"), *sure = value_of(head, row, "confidence");
	const char *word = phase->is_null ? "too much to tell" : phase->text;
	printf("%s%s%s  process %s\n", terminal_style(TERMINAL_BOLD), brief->account,
	       terminal_style_end(TERMINAL_BOLD), brief->process);
	printf("%s%s%s  ", terminal_style(phase_bar_style(word)), word, terminal_style_end(phase_bar_style(word)));
	phase_bar_print(part, word);
	printf("%s%s", sure->is_null ? "" : ", confidence ", sure->is_null ? "" : sure->text);
	if (!value_of(head, row, "fine")->is_null) {
		printf(", %s", value_of(head, row, "fine")->text);
	}
	const char *since = text_of(head, row, "since", scratch);
	printf("%s%s", since[0] != '\0' ? "; since " : "", since);
	printf("%s\n", value_of(head, row, "quiet")->whole != 0 ? "; quiet" : "");
}

static void print_committee(const struct head *head, const struct report_value *row)
{
	char scratch[REPORT_SCRATCH_SIZE];
	printf("%" PRId64 " people, %" PRId64 " active, %" PRId64 " silent, %" PRId64 " behind",
	       value_of(head, row, "members")->whole, value_of(head, row, "active")->whole,
	       value_of(head, row, "silent")->whole, value_of(head, row, "laggards")->whole);
	const char *agree = text_of(head, row, "consensus", scratch);
	printf("%s%s", agree[0] != '\0' ? "; they agree to " : "", agree);
	const char *last = text_of(head, row, "last_touch", scratch);
	printf("%s%s\n", last[0] != '\0' ? "; last touch: " : "", last);
	const char *missing = text_of(head, row, "missing", scratch);
	if (missing[0] != '\0') {
		char cell[TERMINAL_CELL_SIZE];
		unsigned width = terminal_width(missing);
		terminal_fit(missing, width < terminal_columns() - 16 ? width : terminal_columns() - 16, false,
			     cell);
		printf("nobody active as: %s\n", cell);
	}
}

/* The process that was asked for, or the first; of others only that they are. */
static bool on_accounts(void *context, struct report_page *page, struct fail *fail)
{
	struct head *head = context;
	(void)fail;
	for (size_t i = 0; i < page->count; i++) {
		const struct report_value *row = report_row_of(page, i);
		const char *process = value_of(head, row, "process")->text;
		const struct report_value *phase = value_of(head, row, "phase");
		if (!head->found) {
			head->found = true;
			snprintf(head->brief->process, sizeof(head->brief->process), "%s", process);
			head->brief->phase = phase->is_null ? MAIN_NONE : phase_of(phase->text);
			print_state(head, row);
			print_committee(head, row);
		} else {
			printf("also in process %s: %s\n", process,
			       phase->is_null ? "too much to tell" : phase->text);
		}
	}
	return true;
}

/* ---- Tables ---- */

static bool show(const struct brief *brief, const char *name, const char *heading,
		 const struct report_filter *filter, uint64_t *ret_rows, struct fail *fail)
{
	struct report_show show = {
		.form = REPORT_TABLE,
		.arena = &brief->ctl->arena,
		.postgres = brief->postgres,
		.sees_people = true,
		.is_of_one = true,
		.now_us = brief->now_us,
	};
	brief_heading(heading);
	bool good = report_ask(&brief->ctl->arena, brief->postgres, report_find(name), filter, report_show_page,
			       &show, fail);
	*ret_rows = show.rows;
	return good;
}

static bool show_committee(const struct brief *brief, struct fail *fail)
{
	const struct report_filter filter = {.account = brief->account,
					     .process = brief->process,
					     .since_us = INT64_MIN,
					     .until_us = INT64_MIN,
					     .limit = MEMBERS_MAX};
	uint64_t rows;
	if (!show(brief, "committee", "Committee", &filter, &rows, fail)) {
		return false;
	}
	/* Roles that nobody has are rows, too, and the last ones. */
	if (rows == MEMBERS_MAX) {
		printf("%d of them, and perhaps more: phasectl report committee --account %s\n", MEMBERS_MAX,
		       brief->account);
	}
	return true;
}

static bool show_moves(const struct brief *brief, struct fail *fail)
{
	const struct report_filter filter = {.account = brief->account,
					     .process = brief->process,
					     .since_us = report_week_of(brief->now_us) -
							 (MOVES_WEEKS - 1) * 7 * MOMENT_DAY_US,
					     .until_us = INT64_MIN,
					     .limit = MOVES_MAX};
	uint64_t rows;
	if (!show(brief, "movement", "Who moved, this week and the three before", &filter, &rows, fail)) {
		return false;
	}
	if (rows == 0) {
		printf("nobody\n");
	}
	return true;
}

/* ---- The model ---- */

static const struct postgres_statement read_model = {
	.name = "brief_model", .sql = "SELECT text FROM report.model WHERE in_force", .simple = true};

static bool on_model(void *context, const struct postgres_rows *rows, struct fail *fail)
{
	struct brief *brief = context;
	struct arena *arena = &brief->ctl->arena;
	struct model *model;
	if (postgres_count(rows) == 0 || postgres_is_null(rows, 0, 0)) {
		return true;
	}
	const char *text = arena_text(arena, postgres_text(rows, 0, 0), strlen(postgres_text(rows, 0, 0)));
	if (text == NULL || !model_file_parse(text, strlen(text), arena, &model, fail)) {
		return text != NULL || fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, brief->process) == 0) {
			brief->in_force = &model->processes[i];
		}
	}
	return true;
}

/* ---- The command ---- */

static bool tell(struct brief *brief, struct fail *fail)
{
	struct head head = {.brief = brief, .report = report_find("accounts")};
	const struct report_filter filter = {
		.account = brief->account, .process = asked.process, .since_us = INT64_MIN, .until_us = INT64_MIN};
	if (!report_ask(&brief->ctl->arena, brief->postgres, head.report, &filter, on_accounts, &head, fail)) {
		return false;
	}
	if (!head.found) {
		return fail_set(fail, FAIL_FATAL, EXIT_FOUND, "nothing is known of this account%s",
				asked.process != NULL ? " in that process" : "");
	}
	return show_committee(brief, fail) && show_moves(brief, fail) &&
	       postgres_add(brief->postgres, &read_model, NULL, on_model, brief, fail) &&
	       ctl_turn(brief->postgres, fail) && brief_why(brief, fail) && brief_next(brief, fail);
}

static bool answer(struct ctl *ctl, struct postgres *postgres, const char *account, struct fail *fail)
{
	struct brief brief = {.ctl = ctl,
			      .postgres = postgres,
			      .account = account,
			      .phase = MAIN_NONE,
			      .now_us = moment_now_us()};
	bool sees_people = false;
	if (!ctl_begin_reading(postgres, fail) || !report_may_see_people(postgres, &sees_people, fail)) {
		return false;
	}
	if (!sees_people) {
		return fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED,
				"this database role may not read views of accounts; phased_seller may");
	}
	terminal_start();
	pager_start();
	bool good = tell(&brief, fail);
	pager_end();
	return good;
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	char account[DOMAIN_SIZE_MAX + 1];
	if (!account_word("ACCOUNT", asked.account, account, &fail) ||
	    !report_words_name("--process", asked.process, &fail) || !ctl_read_conf(ctl, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	struct postgres *postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail);
	bool good = postgres != NULL && answer(ctl, postgres, account, &fail);
	postgres_destroy(postgres);
	return good ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

const struct command brief_command = {
	.words = "brief",
	.summary = "an account on one page, before a meeting",
	.details =
		"ACCOUNT is its domain, or - for one on stdin. Where it is and how sure that is, its people and "
		"who is\n"
		"missing, who moved lately, what weighs most for and against, and what of the model in force "
		"speaks for\n"
		"its phase and the next one and nobody there has touched yet. Needs phased_seller.\n"
		"Exit 1: nothing is known of it.",
	.options = options,
	.operand = {"ACCOUNT", &asked.account, true},
	.run = run,
};
