/*
 * phasectl journey: what a person, or the people of an account, did, day by day, with the phase that they were in.
 *
 * The rows are those of `report journey`; here they are told: what is done again at once is one line, a day is a heading, and
 * the phase stands where it is another than above.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/model/rows.h"
#include "ctl/account_word.h"
#include "ctl/contact_word.h"
#include "ctl/ctl.h"
#include "ctl/pager.h"
#include "ctl/phase_bar.h"
#include "ctl/report_ask.h"
#include "ctl/report_phases.h"
#include "ctl/report_words.h"
#include "ctl/terminal.h"

#define WHO_COLUMNS 18
#define WIDE 100 /* columns from which on there is room for all of it */
#define TEXT_SIZE 256

static struct {
	const char *contact, *account, *process, *since;
} asked;

static const struct option_about options[] = {
	{"account", "DOMAIN", OPTION_TEXT, &asked.account, 0, 0,
	 "of all people of this account, as its domain;\n- reads it from stdin"},
	{"process", "NAME", OPTION_TEXT, &asked.process, 0, 0, "what counts in this process"},
	{"since", "TIME", OPTION_TEXT, &asked.since, 0, 0,
	 "from then on: a day, as 2026-11-25, or a time, as\n2026-11-25T14:30:00Z"},
	{0},
};

/* A line that is not printed yet: what comes next may be the same again. */
struct line {
	int64_t at_us;
	struct uuid contact;
	char channel[16], action[32], what[TEXT_SIZE], phase[16], process[REPORT_NAME_SIZE_MAX + 1];
	double part[3];
	bool machine, has_part;
	unsigned times;
};

struct telling {
	struct ctl *ctl;
	struct postgres *postgres;
	const struct report_filter *filter;
	bool sees_people, has_contact;
	struct report_people people; /* of this page */
	struct line line, last;	     /* waiting; printed last. times 0: none */
	uint64_t touches;
	unsigned contact, at, channel, action, process, machine, phase, early; /* columns */
	unsigned whats[6];
};

/* ---- Lines ---- */

static void print_who(const struct telling *telling, const struct uuid *contact)
{
	char id[UUID_TEXT_SIZE], cell[TERMINAL_CELL_SIZE];
	const struct report_person *person = report_people_find(&telling->people, contact);
	uuid_print(contact, id);
	terminal_fit(person == NULL	       ? id
		     : person->name != NULL    ? person->name
		     : person->address != NULL ? person->address
					       : id,
		     WHO_COLUMNS, false, cell);
	printf("%s ", cell);
}

/* Is the phase another one than on the line above, or a new day's? */
static bool is_news(const struct line *line, const struct line *last)
{
	return line->phase[0] != '\0' &&
	       (last->times == 0 || strcmp(line->phase, last->phase) != 0 ||
		strcmp(line->process, last->process) != 0 || !uuid_equal(&line->contact, &last->contact) ||
		moment_floor(line->at_us, MOMENT_DAY_US) != moment_floor(last->at_us, MOMENT_DAY_US));
}

static void print_phase(const struct line *line, bool wide)
{
	printf(" %s%s%s", terminal_style(phase_bar_style(line->phase)), line->phase,
	       terminal_style_end(phase_bar_style(line->phase)));
	if (wide && line->has_part) {
		printf("%*s", (int)(8 - strlen(line->phase)), "");
		phase_bar_print(line->part, line->phase);
	}
}

static void print_what(const struct line *line, unsigned room)
{
	char text[TERMINAL_CELL_SIZE + 16], cell[TERMINAL_CELL_SIZE], times[16] = "";
	if (line->times > 1) {
		snprintf(times, sizeof(times), " ×%u", line->times);
	}
	terminal_fit(line->what, room - terminal_width(times), false, cell);
	size_t size = strlen(cell);
	while (times[0] != '\0' && size > 0 && cell[size - 1] == ' ') { /* close to what it counts */
		size--;
	}
	cell[size] = '\0';
	snprintf(text, sizeof(text), "%s%s", cell, times);
	terminal_fit(text, room, false, cell);
	fputs(cell, stdout);
}

static void print_line(struct telling *telling)
{
	struct line *line = &telling->line;
	if (line->times == 0) {
		return;
	}
	unsigned columns = terminal_columns();
	bool wide = columns >= WIDE;
	unsigned used = (wide ? 2 + 6 + 8 + 16 + 1 + 8 + 16 : 2 + 6 + 8 + 8) +
			(telling->has_contact ? 0 : WHO_COLUMNS + 1);
	char when[MOMENT_TEXT_SIZE], channel[TERMINAL_CELL_SIZE], action[TERMINAL_CELL_SIZE];
	moment_print(line->at_us, when);
	if (telling->last.times == 0 ||
	    moment_floor(line->at_us, MOMENT_DAY_US) != moment_floor(telling->last.at_us, MOMENT_DAY_US)) {
		printf("%s%.10s%s\n", terminal_style(TERMINAL_BOLD), when, terminal_style_end(TERMINAL_BOLD));
	}
	terminal_fit(line->channel, 7, false, channel);
	terminal_fit(line->action, 15, false, action);
	printf("  %.5s %s", when + strlen("2026-11-25T"), line->machine ? terminal_style(TERMINAL_DIM) : "");
	if (!telling->has_contact) {
		print_who(telling, &line->contact);
	}
	printf("%s %s%s", channel, wide ? action : "", wide ? " " : "");
	print_what(line, columns - used);
	fputs(line->machine ? terminal_style_end(TERMINAL_DIM) : "", stdout);
	if (line->machine) {
		fputs(" machine", stdout);
	} else if (is_news(line, &telling->last)) {
		print_phase(line, wide);
	}
	putchar('\n');
	telling->last = *line;
	line->times = 0;
}

/* ---- Rows ---- */

static void copy(const struct report_value *value, char *ret_text, size_t size)
{
	const char *text = value->is_null ? "" : value->text;
	size_t length = text_cut(text, size - 1);
	snprintf(ret_text, size, "%.*s", (int)length, text);
}

/* "PAGE_VIEW" as people write it. */
static void copy_action(const struct report_value *value, char *ret_text, size_t size)
{
	copy(value, ret_text, size);
	text_lower(ret_text);
	for (; *ret_text != '\0'; ret_text++) {
		if (*ret_text == '_') {
			*ret_text = ' ';
		}
	}
}

static void read_line(const struct telling *telling, const struct report_value *row, struct line *ret)
{
	*ret = (struct line){.at_us = row[telling->at].whole,
			     .contact = row[telling->contact].id,
			     .machine = row[telling->machine].whole != 0,
			     .has_part = !row[telling->early].is_null,
			     .times = 1};
	copy(&row[telling->channel], ret->channel, sizeof(ret->channel));
	copy_action(&row[telling->action], ret->action, sizeof(ret->action));
	copy(&row[telling->process], ret->process, sizeof(ret->process));
	copy(&row[telling->phase], ret->phase, sizeof(ret->phase));
	for (unsigned i = 0; i < COUNT_OF(telling->whats) && ret->what[0] == '\0'; i++) {
		copy(&row[telling->whats[i]], ret->what, sizeof(ret->what));
	}
	/* Else a phase of one process reads as a step back in another. */
	if (ret->process[0] != '\0' && asked.process == NULL && strcmp(ret->process, ARBITER_PROCESS) != 0) {
		char what[TEXT_SIZE];
		snprintf(what, sizeof(what), "%s: %s", ret->process, ret->what);
		what[text_utf8_size(what, strlen(what))] = '\0';
		memcpy(ret->what, what, sizeof(what));
	}
	for (unsigned i = 0; i < 3; i++) {
		ret->part[i] = row[telling->early + i].is_null ? 0 : row[telling->early + i].number;
	}
}

static bool is_again(const struct line *a, const struct line *b)
{
	return a->times > 0 && uuid_equal(&a->contact, &b->contact) && a->machine == b->machine &&
	       strcmp(a->channel, b->channel) == 0 && strcmp(a->action, b->action) == 0 &&
	       strcmp(a->what, b->what) == 0 &&
	       moment_floor(a->at_us, MOMENT_DAY_US) == moment_floor(b->at_us, MOMENT_DAY_US);
}

static bool find_people(struct telling *telling, const struct report_page *page, struct fail *fail)
{
	struct arena *arena = &telling->ctl->arena;
	telling->people.count = 0;
	if (!telling->sees_people || telling->has_contact || page->count + telling->line.times == 0) {
		return true;
	}
	struct uuid *ids = arena_array(arena, page->count + 1, sizeof(*ids));
	if (ids == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	size_t count = 0;
	if (telling->line.times > 0) { /* left over from the page before */
		ids[count++] = telling->line.contact;
	}
	for (size_t i = 0; i < page->count; i++) {
		const struct uuid *id = &report_row_of(page, i)[telling->contact].id;
		if (count == 0 || !uuid_equal(id, &ids[count - 1])) {
			ids[count++] = *id;
		}
	}
	return report_people_ask(arena, telling->postgres, ids, count, &telling->people, fail);
}

static bool print_head(const struct telling *telling, struct fail *fail)
{
	const struct report_filter *filter = telling->filter;
	if (!telling->has_contact) {
		printf("%s%s%s\n", terminal_style(TERMINAL_BOLD), filter->account,
		       terminal_style_end(TERMINAL_BOLD));
		return true;
	}
	struct report_people people = {.count = 0};
	char id[UUID_TEXT_SIZE], cell[TERMINAL_CELL_SIZE], text[TEXT_SIZE];
	if (telling->sees_people &&
	    !report_people_ask(&telling->ctl->arena, telling->postgres, &filter->contact, 1, &people, fail)) {
		return false;
	}
	uuid_print(&filter->contact, id);
	const struct report_person *person = people.count > 0 ? &people.list[0] : NULL;
	const char *name = person == NULL ? id : person->name != NULL ? person->name : person->address;
	snprintf(text, sizeof(text), "%s%s%s%s%s", name != NULL ? name : id,
		 person != NULL && person->role != NULL ? ", " : "",
		 person != NULL && person->role != NULL ? person->role : "",
		 person != NULL && person->account != NULL ? ", " : "",
		 person != NULL && person->account != NULL ? person->account : "");
	text[text_utf8_size(text, strlen(text))] = '\0';
	unsigned width = terminal_width(text), room = terminal_columns();
	terminal_fit(text, width < room ? width : room, false, cell);
	printf("%s%s%s\n", terminal_style(TERMINAL_BOLD), cell, terminal_style_end(TERMINAL_BOLD));
	return true;
}

static bool on_rows(void *context, struct report_page *page, struct fail *fail)
{
	struct telling *telling = context;
	if ((telling->touches == 0 && page->count > 0 && !print_head(telling, fail)) ||
	    !find_people(telling, page, fail)) {
		return false;
	}
	for (size_t i = 0; i < page->count; i++) {
		struct line line;
		read_line(telling, report_row_of(page, i), &line);
		if (is_again(&telling->line, &line)) {
			telling->line.times++;
		} else {
			print_line(telling);
			telling->line = line;
		}
	}
	telling->touches += page->count;
	page->enough = ferror(stdout) != 0;
	if (page->count < REPORT_PAGE) {
		print_line(telling);
	}
	return true;
}

/* ---- The command ---- */

static void find_columns(struct telling *telling, const struct report *report)
{
	static const char *const whats[] = {"title", "content", "label", "topic", "page", "target"};
	_Static_assert(COUNT_OF(whats) == COUNT_OF(telling->whats), "a column each");
	for (unsigned i = 0; i < COUNT_OF(whats); i++) {
		telling->whats[i] = report_column(report, whats[i]);
	}
	telling->contact = report_column(report, "contact_id");
	telling->at = report_column(report, "at");
	telling->channel = report_column(report, "channel");
	telling->action = report_column(report, "action");
	telling->process = report_column(report, "process");
	telling->machine = report_column(report, "machine");
	telling->phase = report_column(report, "phase");
	telling->early = report_column(report, "early");
}

static bool tell(struct telling *telling, struct fail *fail)
{
	const struct report_filter *filter = telling->filter;
	const struct report *report = report_find("journey");
	find_columns(telling, report);
	terminal_start();
	pager_start();
	bool good = report_ask(&telling->ctl->arena, telling->postgres, report, filter, on_rows, telling, fail);
	if (good && telling->touches == 0) {
		bool is_part = filter->process != NULL || filter->since_us != INT64_MIN;
		good = is_part ? print_head(telling, fail)
			       : fail_set(fail, FAIL_FATAL, EXIT_FOUND, "nothing is known of this %s",
					  telling->has_contact ? "contact" : "account");
	}
	if (good) {
		printf("%s%" PRIu64 " touch%s%s%s\n", terminal_style(TERMINAL_DIM), telling->touches,
		       telling->touches == 1 ? "" : "es",
		       telling->sees_people ? "" : "; by id: this database role may not see who it is",
		       terminal_style_end(TERMINAL_DIM));
	}
	pager_end();
	return good;
}

static bool answer(struct ctl *ctl, struct postgres *postgres, struct report_filter *filter, struct fail *fail)
{
	struct telling telling = {
		.ctl = ctl, .postgres = postgres, .filter = filter, .has_contact = asked.contact != NULL};
	if (!ctl_begin_reading(postgres, fail) || !report_may_see_people(postgres, &telling.sees_people, fail)) {
		return false;
	}
	if (filter->account != NULL && !telling.sees_people) {
		return fail_set(fail, FAIL_FATAL, EXIT_NOT_ALLOWED,
				"--account: this database role may not read report.person; phased_seller may");
	}
	filter->has_contact = telling.has_contact;
	return (asked.contact == NULL ||
		contact_word_id(ctl, postgres, "CONTACT", asked.contact, &filter->contact, fail)) &&
	       tell(&telling, fail);
}

static bool make_filter(struct report_filter *filter, char account[static DOMAIN_SIZE_MAX + 1], struct fail *fail)
{
	*filter = (struct report_filter){.process = asked.process, .since_us = INT64_MIN, .until_us = INT64_MIN};
	if ((asked.contact == NULL) == (asked.account == NULL)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "expected CONTACT or --account: one of them");
	}
	if (asked.account != NULL) {
		if (!account_word("--account", asked.account, account, fail)) {
			return false;
		}
		filter->account = account;
	}
	return report_words_name("--process", asked.process, fail) &&
	       (asked.since == NULL || report_words_since("--since", asked.since, &filter->since_us, fail));
}

static int run(struct ctl *ctl)
{
	struct fail fail;
	struct report_filter filter;
	char account[DOMAIN_SIZE_MAX + 1];
	if (!make_filter(&filter, account, &fail) || !ctl_read_conf(ctl, &fail)) {
		return ctl_give_up(ctl, &fail);
	}
	struct postgres *postgres = ctl_connect(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, &fail);
	bool good = postgres != NULL && answer(ctl, postgres, &filter, &fail);
	postgres_destroy(postgres);
	return good ? EXIT_DONE : ctl_give_up(ctl, &fail);
}

const struct command journey_command = {
	.words = "journey",
	.summary = "what somebody did, day by day, with the phase they were in",
	.details = "CONTACT is an id as report phases shows it, its first 8 digits or more, or - for an address "
		   "on stdin.\n"
		   "The phase is that of the day's end as it is known by now; it stands where it is another than "
		   "above. What is\n"
		   "done again at once is one line, with how often; before it its process, where that is not "
		   "standard. "
		   "Names are\n"
		   "shown where the database role may read report.person. Exit 1: nothing is known of them.",
	.options = options,
	.operand = {"CONTACT", &asked.contact, false},
	.run = run,
};
