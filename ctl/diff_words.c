/*
 * The difference for people: counts, the largest moves and why, alerts, rules.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/moment.h"
#include "ctl/diff.h"
#include "ctl/terminal.h"

#define STRONGEST 3 /* reasons of a move */
#define WEAK .05    /* below which none is worth a line */
#define NAME_COLUMNS 24
#define RULES_SHOWN 20
#define ID_DIGITS 8

static void title(const char *words)
{
	printf("\n%s%s%s\n", terminal_style(TERMINAL_BOLD), words, terminal_style_end(TERMINAL_BOLD));
}

static const char *phase_word(int phase)
{
	return phase == DIFF_ABSENT ? "no row" : shown_name((enum shown)phase);
}

static void print_contact(const struct diff *diff, const struct uuid *contact)
{
	char id[UUID_TEXT_SIZE], cell[TERMINAL_CELL_SIZE];
	const char *name = diff_name(diff, contact);
	uuid_print(contact, id);
	printf("  %.*s", ID_DIGITS, id);
	if (diff->person_count > 0) {
		terminal_fit(name, NAME_COLUMNS, false, cell);
		printf("  %s", cell);
	}
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- Head ---- */

static void print_processes(const struct diff *diff, enum diff_side has, const char *words)
{
	enum diff_side lacks = has == DIFF_OLD ? DIFF_NEW : DIFF_OLD;
	for (unsigned i = 0; i < diff->process_count; i++) {
		if (diff->processes[i].number[lacks] < 0) {
			printf("Process %s %s.\n", diff->processes[i].name, words);
		}
	}
}

void diff_words_head(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	char at[MOMENT_TEXT_SIZE];
	moment_print(diff->at_ms * MOMENT_MS_US, at);
	printf("From model %016" PRIx64 ", in force, to %016" PRIx64 ".\n", diff->models[DIFF_OLD].model->version,
	       diff->models[DIFF_NEW].model->version);
	printf("%" PRIu64 " touches of %" PRIu64 " contact%s folded under both, as of %s; nothing is changed.\n",
	       tally->touches, tally->contacts, plural(tally->contacts), at);
	if (diff->sample < 1) {
		printf("A sample: %g %% of the contacts, always the same ones.\n", diff->sample * 100);
	}
	print_processes(diff, DIFF_NEW, "is new");
	print_processes(diff, DIFF_OLD, "is gone");
	if (diff->subjects.unread > 0) {
		printf("Of %" PRIu64
		       " subjects the properties cannot be told any more: they are matched without.\n",
		       diff->subjects.unread);
	}
}

/* ---- Counts ---- */

static bool process_moves(const struct diff *diff, unsigned process, uint64_t *ret_rows)
{
	bool moves = false;
	*ret_rows = 0;
	for (int from = 0; from < DIFF_PHASES; from++) {
		for (int to = 0; to < DIFF_PHASES; to++) {
			uint64_t count = diff->tally.phases[process][from][to];
			*ret_rows += count;
			moves = moves || (from != to && count > 0);
		}
	}
	return moves;
}

/* Late first, as reports have it. */
static const int order[DIFF_PHASES] = {SHOWN_LATE, SHOWN_MID, SHOWN_EARLY, SHOWN_NONE, SHOWN_UNKNOWN, DIFF_ABSENT};

static bool has_any(const struct diff *diff, unsigned process, int phase, bool as_from)
{
	for (int other = 0; other < DIFF_PHASES; other++) {
		if ((as_from ? diff->tally.phases[process][phase][other]
			     : diff->tally.phases[process][other][phase]) > 0) {
			return true;
		}
	}
	return false;
}

static void print_matrix(const struct diff *diff, unsigned process, uint64_t rows)
{
	printf("  %s, %" PRIu64 " contact%s: from (down) to (across)\n  %-10s", diff->processes[process].name,
	       rows, plural(rows), "");
	for (int to = 0; to < DIFF_PHASES; to++) {
		if (has_any(diff, process, order[to], false)) {
			printf(" %9s", phase_word(order[to]));
		}
	}
	putchar('\n');
	for (int from = 0; from < DIFF_PHASES; from++) {
		if (!has_any(diff, process, order[from], true)) {
			continue;
		}
		printf("    %-8s", phase_word(order[from]));
		for (int to = 0; to < DIFF_PHASES; to++) {
			uint64_t count = diff->tally.phases[process][order[from]][order[to]];
			if (!has_any(diff, process, order[to], false)) {
				continue;
			}
			if (count == 0) {
				printf("         ·");
			} else {
				const char *style = terminal_style(from == to ? TERMINAL_DIM : TERMINAL_PLAIN);
				printf(" %s%9" PRIu64 "%s", style, count,
				       terminal_style_end(from == to ? TERMINAL_DIM : TERMINAL_PLAIN));
			}
		}
		putchar('\n');
	}
}

static void print_sureness(const struct diff_tally *tally)
{
	const char *comma = "";
	printf("  Of the same phase, but not as sure or as active as before: %" PRIu64 ".", tally->only_surer);
	for (unsigned from = 0; from < BAND_COUNT; from++) {
		for (unsigned to = 0; to < BAND_COUNT; to++) {
			if (from != to && tally->bands[from][to] > 0) {
				printf("%s %s to %s %" PRIu64, comma,
				       from == BAND_NULL ? "unknown" : band_name((enum band)from),
				       to == BAND_NULL ? "unknown" : band_name((enum band)to),
				       tally->bands[from][to]);
				comma = ",";
			}
		}
	}
	if (tally->went_quiet > 0) {
		printf("%s active to quiet %" PRIu64, comma, tally->went_quiet);
		comma = ",";
	}
	if (tally->came_back > 0) {
		printf("%s quiet to active %" PRIu64, comma, tally->came_back);
	}
	putchar('\n');
}

void diff_words_counts(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	title("Who would be elsewhere");
	printf("  %" PRIu64 " of %" PRIu64 " contact%s", tally->elsewhere, tally->contacts,
	       plural(tally->contacts));
	if (tally->contacts > 0) {
		printf(" (%.1f %%)", 100.0 * (double)tally->elsewhere / (double)tally->contacts);
	}
	putchar('\n');
	for (unsigned process = 0; process < diff->process_count; process++) {
		uint64_t rows;
		if (process_moves(diff, process, &rows)) {
			print_matrix(diff, process, rows);
		}
	}
	if (tally->only_surer > 0) {
		print_sureness(tally);
	}
	if (tally->move_count > 0) {
		title("The largest moves, and why");
	}
}

/* ---- Moves ---- */

static void print_shown(const struct diff_shown *shown)
{
	printf("%s", phase_word(shown->phase));
	if (shown->band != BAND_NULL && shown->phase != DIFF_ABSENT) {
		printf(" (%s)", band_name(shown->band));
	}
	if (shown->quiet && shown->phase != DIFF_ABSENT) {
		printf(", quiet");
	}
}

/* What a person would call it: the content's title, else its name. */
static const char *title_of(const struct diff *diff, const struct diff_line *line, unsigned process)
{
	for (int side = DIFF_NEW; side >= DIFF_OLD && line->content != NULL; side--) {
		int number = diff->processes[process].number[side];
		if (number < 0) {
			continue;
		}
		const struct model_process *about = &diff->models[side].model->processes[number];
		for (unsigned i = 0; i < about->content_count; i++) {
			if (strcmp(about->contents[i].name, line->content) == 0 &&
			    about->contents[i].title != NULL) {
				return about->contents[i].title;
			}
		}
	}
	return line->content;
}

static void print_rule(const char *rule, const char *other)
{
	if (rule == NULL) {
		printf("no rule");
	} else {
		printf("%s%s%s", other != NULL ? other : "", other != NULL ? " " : "", rule);
	}
}

static void print_line(const struct diff *diff, const struct diff_line *line, unsigned process)
{
	char day[32], cell[TERMINAL_CELL_SIZE];
	time_t seconds = (time_t)(line->day * (MOMENT_DAY_US / MOMENT_SECOND_US));
	struct tm parts;
	bool known = gmtime_r(&seconds, &parts) != NULL && strftime(day, sizeof(day), "%e %b %Y", &parts) > 0;
	printf("      %+5.1f  %s  ", line->effect, known ? day : "");
	const char *what = title_of(diff, line, process);
	if (what != NULL) {
		terminal_fit(what, terminal_width(what) < 40 ? terminal_width(what) : 40, false, cell);
		printf("%s  ", cell);
	}
	print_rule(line->rules[DIFF_OLD], line->others[DIFF_OLD]);
	bool other = line->others[DIFF_OLD] != line->others[DIFF_NEW] ||
		     (line->rules[DIFF_OLD] == NULL) != (line->rules[DIFF_NEW] == NULL) ||
		     (line->rules[DIFF_OLD] != NULL && strcmp(line->rules[DIFF_OLD], line->rules[DIFF_NEW]) != 0);
	if (other) {
		printf(" → ");
		print_rule(line->rules[DIFF_NEW], line->others[DIFF_NEW]);
	}
	if (line->touches > 1) {
		printf(", %u touches", line->touches);
	}
	putchar('\n');
}

static int by_effect(const void *a, const void *b)
{
	double x = fabs(((const struct diff_line *)a)->effect), y = fabs(((const struct diff_line *)b)->effect);
	return x != y ? (x < y) - (x > y) : 0;
}

static void print_logit(const struct diff_why *why, enum diff_side side)
{
	if (why->has[side]) {
		printf("%+.1f", why->logit[side]);
	} else {
		printf("none");
	}
}

void diff_words_why(struct diff *diff, const struct diff_why *why)
{
	const struct diff_row *row = why->row;
	progress_end(diff->progress);
	print_contact(diff, &row->contact);
	printf("  %s: ", diff->processes[row->process].name);
	print_shown(&row->by[DIFF_OLD]);
	printf(" → ");
	print_shown(&row->by[DIFF_NEW]);
	if (why->too_many) {
		printf("\n             more than %d touches: too many to tell reasons of\n", DIFF_EXPLAINED_MAX);
		return;
	}
	if (why->phase == MAIN_NONE) {
		printf("\n             nothing has counted that could be told apart\n");
		return;
	}
	printf("; evidence for %s ", main_phase_name(why->phase));
	print_logit(why, DIFF_OLD);
	printf(" → ");
	print_logit(why, DIFF_NEW);
	putchar('\n');
	if (why->count > 0) {
		qsort(why->lines, why->count, sizeof(*why->lines), by_effect);
	}
	size_t shown = 0;
	double rest = 0;
	for (size_t i = 0; i < why->count; i++) {
		if (shown < STRONGEST && fabs(why->lines[i].effect) >= WEAK) {
			print_line(diff, &why->lines[i], row->process);
			shown++;
		} else {
			rest += why->lines[i].effect;
		}
	}
	if (fabs(rest) >= WEAK) {
		printf("      %+5.1f  %zu more, together\n", rest, why->count - shown);
	}
	if (fabs(why->start) >= WEAK) {
		printf("      %+5.1f  where people begin, and what time does\n", why->start);
	}
}

/* ---- Alerts, rules ---- */

static void print_alerts(const struct diff *diff, const struct diff_alerts *alerts, const char *words)
{
	for (size_t i = 0; i < alerts->listed; i++) {
		char at[MOMENT_TEXT_SIZE];
		moment_print(alerts->latest[i].at_ms * MOMENT_MS_US - MOMENT_DAY_US,
			     at); /* the day that has ended */
		at[strlen("2026-11-25")] = '\0';
		print_contact(diff, &alerts->latest[i].contact);
		printf("  %s: %s at the end of %s\n", diff->processes[alerts->latest[i].process].name, words, at);
	}
	if (alerts->count > alerts->listed) {
		printf("  and %" PRIu64 " more that %s\n", alerts->count - alerts->listed, words);
	}
}

static void print_rules(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	title("Touches that another rule would take");
	printf("  %" PRIu64 " touch%s of %" PRIu64 " subject%s\n", tally->rule_touches,
	       tally->rule_touches == 1 ? "" : "es", tally->rule_subjects, plural(tally->rule_subjects));
	for (size_t i = 0; i < tally->rule_count && i < RULES_SHOWN; i++) {
		const struct diff_rule *rule = &tally->rules[i];
		printf("  %9" PRIu64 "  ", rule->touches);
		for (unsigned side = 0; side < DIFF_SIDES; side++) {
			const char *name = diff_reading_name(diff, (enum diff_side)side, &rule->by[side]);
			printf("%s", side == DIFF_NEW ? " → " : "");
			print_rule(name, name != NULL ? diff->processes[rule->by[side].process].name : NULL);
		}
		printf("  (%" PRIu64 " subject%s)\n", rule->subjects, plural(rule->subjects));
	}
	if (tally->rule_count > RULES_SHOWN) {
		printf("  and %zu more pairs of rules (--json has all)\n", tally->rule_count - RULES_SHOWN);
	}
}

static void print_too_long(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	title("Left out");
	printf("  %" PRIu64 " contact%s of more than %zu touches (--touches-max):\n", tally->too_long_count,
	       plural(tally->too_long_count), diff->touches_max);
	for (size_t i = 0; i < tally->too_long_listed; i++) {
		print_contact(diff, &tally->too_long[i].contact);
		printf("  %" PRIu64 " touches\n", tally->too_long[i].touches);
	}
}

void diff_words_end(const struct diff *diff)
{
	const struct diff_tally *tally = &diff->tally;
	if (tally->late_kept + tally->raised.count + tally->dropped.count > 0) {
		title("Alerts \"entered late\", of all history");
		printf("  %" PRIu64 " under both, %" PRIu64 " more would be raised, %" PRIu64 " would not\n",
		       tally->late_kept, tally->raised.count, tally->dropped.count);
		print_alerts(diff, &tally->raised, "would be raised");
		print_alerts(diff, &tally->dropped, "would not be raised");
	}
	if (tally->rule_count > 0) {
		print_rules(diff);
	}
	if (tally->too_long_count > 0) {
		print_too_long(diff);
	}
	if (!diff_tally_differs(tally)) {
		printf("\nNothing differs: nobody would be shown elsewhere, or otherwise.\n");
	}
}
