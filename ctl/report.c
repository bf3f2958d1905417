/*
 * phasectl report NAME: one of the reports, in one of its forms. Row by row: its memory does not grow with the answer.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "ctl/account_word.h"
#include "ctl/contact_word.h"
#include "ctl/ctl.h"
#include "ctl/pager.h"
#include "ctl/report_phases.h"
#include "ctl/report_show.h"
#include "ctl/report_weekly.h"
#include "ctl/report_words.h"
#include "ctl/terminal.h"

static struct {
	const char *name, *account, *contact, *role, *process, *since;
	int64_t limit;
	bool json, csv;
} asked;

static const struct option_about options[] = {
	{"account", "DOMAIN", OPTION_TEXT, &asked.account, 0, 0,
	 "of this account, as its domain; - reads it from stdin"},
	{"contact", "ID", OPTION_TEXT, &asked.contact, 0, 0,
	 "of one contact: its id, or the first 8 digits or more of it;\n- reads an address from stdin"},
	{"role", "NAME", OPTION_TEXT, &asked.role, 0, 0, "of people in this role: CFO, CMO, CEO, IT, …"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "of this process"},
	{"since", "TIME", OPTION_TEXT, &asked.since, 0, 0,
	 "from then on: a day, as 2026-11-25, or a time, as\n2026-11-25T14:30:00Z; weekly: the week that is in"},
	{"limit", "N", OPTION_NUMBER, &asked.limit, 1, INT64_C(1000000000), "at most so many rows"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one JSON object a line; its keys are the view's columns"},
	{"csv", NULL, OPTION_FLAG, &asked.csv, 0, 0, "CSV (RFC 4180), with the view's columns as its head"},
	{0},
};

/* Several of them on one page: it has no rows of its own. */
static const struct report weekly = {
	.name = "weekly",
	.summary = "a week on one page: who moved, new accounts, how far to trust the figures",
	.filters = REPORT_BY_PROCESS | REPORT_BY_SINCE,
};

/* ---- What is asked for ---- */

static void unknown_report(const char *name, struct fail *fail)
{
	const char *names[32];
	size_t count = 0;
	for (; count < report_count && count + 2 < COUNT_OF(names); count++) {
		names[count] = reports[count].name;
	}
	names[count++] = "phases";
	names[count++] = weekly.name;
	if (!text_is_utf8(name, strlen(name)) || strlen(name) > 40 || text_has_address(name) ||
	    text_has_controls(name, strlen(name))) {
		fail_set(fail, FAIL_FATAL, EXIT_USAGE, "no report of that name (see --help)");
		return;
	}
	if (strcmp(name, "phases") == 0) {
		fail_set(fail, FAIL_FATAL, EXIT_USAGE,
			 "phases has options of its own: write them behind \"report phases\"");
		return;
	}
	const char *nearest = text_nearest(name, names, count);
	fail_set(fail, FAIL_FATAL, EXIT_USAGE, "no report %s%s%s%s (see --help)", name,
		 nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
		 nearest != NULL ? "?" : "");
}

/* An option that says nothing about this report would be passed over in silence. */
static bool check_filters(const struct report *report, struct fail *fail)
{
	const struct {
		const char *name, *given;
		unsigned filter;
	} list[] = {
		{"account", asked.account, REPORT_BY_ACCOUNT}, {"contact", asked.contact, REPORT_BY_CONTACT},
		{"role", asked.role, REPORT_BY_ROLE},	       {"process", asked.process, REPORT_BY_PROCESS},
		{"since", asked.since, REPORT_BY_SINCE},
	};
	char taken[64] = "";
	size_t used = 0;
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		if ((report->filters & list[i].filter) != 0) {
			used += (size_t)snprintf(taken + used, sizeof(taken) - used, "%s--%s",
						 used > 0 ? ", " : "", list[i].name);
		}
	}
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		if (list[i].given != NULL && (report->filters & list[i].filter) == 0) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
					"--%s says nothing about this report, which takes %s", list[i].name,
					used > 0 ? taken : "none of these options");
		}
	}
	if ((report->filters & REPORT_OF_SOMEBODY) != 0 && asked.contact == NULL && asked.account == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--contact or --account: needed, or it would be of everybody");
	}
	return true;
}

static bool check_words(const struct report *report, struct fail *fail)
{
	if (asked.json && asked.csv) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--json and --csv: one of them");
	}
	if (report == &weekly && (asked.json || asked.csv || asked.limit > 0)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"a page to read: for rows ask for movement, transitions and trust");
	}
	if (asked.account != NULL && asked.contact != NULL && strcmp(asked.account, "-") == 0 &&
	    strcmp(asked.contact, "-") == 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"--account - and --contact -: only one can be on stdin");
	}
	return check_filters(report, fail) && report_words_name("--role", asked.role, fail) &&
	       report_words_name("--process", asked.process, fail);
}

static bool make_filter(struct report_filter *filter, char account[static DOMAIN_SIZE_MAX + 1], struct fail *fail)
{
	*filter = (struct report_filter){
		.role = asked.role,
		.process = asked.process,
		.since_us = INT64_MIN,
		.until_us = INT64_MIN,
		.limit = asked.limit,
	};
	if (asked.account != NULL) {
		if (!account_word("--account", asked.account, account, fail)) {
			return false;
		}
		filter->account = account;
	}
	return asked.since == NULL || report_words_since("--since", asked.since, &filter->since_us, fail);
}

/* ---- The answer ---- */

static bool show(struct ctl *ctl, struct postgres *postgres, const struct report *report,
		 const struct report_filter *filter, bool sees_people, struct fail *fail)
{
	struct report_show show = {
		.form = asked.json  ? REPORT_JSON
			: asked.csv ? REPORT_CSV
				    : REPORT_TABLE,
		.arena = &ctl->arena,
		.postgres = postgres,
		.sees_people = sees_people,
		.now_us = moment_now_us(),
	};
	terminal_start();
	pager_start();
	bool good = report_ask(&ctl->arena, postgres, report, filter, report_show_page, &show, fail);
	if (good) {
		report_show_end(&show, report);
	}
	pager_end();
	return good;
}

/* The week that --since is in; without it, this one. */
static bool tell_week(struct ctl *ctl, struct postgres *postgres, const struct report_filter *filter,
		      bool sees_people, struct fail *fail)
{
	int64_t at_us = filter->since_us != INT64_MIN ? filter->since_us : moment_now_us();
	struct report_weekly week = {
		.arena = &ctl->arena,
		.postgres = postgres,
		.sees_people = sees_people,
		.process = filter->process,
		.week_us = report_week_of(at_us),
	};
	terminal_start();
	pager_start();
	bool good = report_weekly_tell(&week, fail);
	pager_end();
	return good;
}

static bool answer(struct ctl *ctl, struct postgres *postgres, const struct report *report,
		   struct report_filter *filter, struct fail *fail)
{
	bool sees_people = false;
	if (!ctl_begin_reading(postgres, fail) || !report_may_see_people(postgres, &sees_people, fail)) {
		return false;
	}
	if (report == &weekly) {
		return tell_week(ctl, postgres, filter, sees_people, fail);
	}
	if (!sees_people && report->is_sellers) {
		return fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED,
				"this database role may not read views of accounts; phased_seller may");
	}
	if (!sees_people && report->by_people.name != NULL && (filter->account != NULL || filter->role != NULL)) {
		return fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED,
				"%s: this database role may not read report.person; phased_seller may",
				filter->role != NULL ? "--role" : "--account");
	}
	if (asked.contact != NULL) {
		filter->has_contact = true;
		if (!contact_word_id(ctl, postgres, "--contact", asked.contact, &filter->contact, fail)) {
			return false;
		}
	}
	return show(ctl, postgres, report, filter, sees_people, fail);
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct report_filter filter;
	char account[DOMAIN_SIZE_MAX + 1];
	const struct report *report = strcmp(asked.name, weekly.name) == 0 ? &weekly : report_find(asked.name);
	struct postgres *postgres = NULL;
	if (report == NULL) {
		unknown_report(asked.name, &fail);
		fail_prefix(&fail, "report");
		return ctl_complain(&fail);
	}
	if (!check_words(report, &fail) || !make_filter(&filter, account, &fail)) {
		fail_prefix(&fail, "report %s", report->name);
		return ctl_complain(&fail);
	}
	if (!ctl_read_conf(ctl, &fail) ||
	    (postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail)) == NULL) {
		return ctl_complain(&fail);
	}
	bool good = answer(ctl, postgres, report, &filter, &fail);
	postgres_destroy(postgres);
	return good ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

static void say_reports(void)
{
	printf("\nreports:\n");
	for (size_t i = 0; i < report_count; i++) {
		printf("  %-11s %s\n", reports[i].name, reports[i].summary);
	}
	printf("  %-11s %s\n", weekly.name, weekly.summary);
	printf("  %-11s %s\n", "phases", "see phasectl report phases --help");
}

const struct command report_command = {
	.words = "report",
	.summary = "one of the reports, as a table, JSON or CSV",
	.details = "NAME is one of those below; each reads one view of schema report. An option that says nothing "
		   "about it is\n"
		   "refused. Contacts are shown by address and name where the database role may read "
		   "report.person, else by id.\n"
		   "On a terminal what does not fit goes to $PAGER, else less -FRX.",
	.say_more = say_reports,
	.options = options,
	.operand = {"NAME", &asked.name, true},
	.run = run,
};
