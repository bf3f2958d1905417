/*
 * phasectl import: a table of people met offline → touches to Kafka, an event a line.
 *
 * The file is read three times: in which encoding it is, how it writes dates and amounts, and then what its lines say. Nothing is ever guessed where a
 * guess could be wrong. The id of an event is made of what its line says, so that the same file sent twice counts once, and an import that was
 * broken off is simply done again.
 */
#include "ctl/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/key_file.h"
#include "ctl/import_same.h"
#include "ctl/progress.h"
#include "ctl/sender.h"
#include "ctl/terminal.h"
#include "ctl/topics.h"

#define REFUSALS_SHOWN 20
#define LINE_ARENA_SIZE ((size_t)1024 * 1024)
#define KIND_MAX 64
#define SITE_MAX 64

static struct {
	const char *file, *kind, *site, *encoding, *separator, *dates, *decimal, *offset, *currency, *map;
	int64_t refusals;
	bool dry_run, json;
} asked = {.site = "", .offset = "Z", .currency = "", .refusals = REFUSALS_SHOWN};

static const struct option_about options[] = {
	{"kind", "NAME", OPTION_TEXT, &asked.kind, 0, 0,
	 "what the people were met at: fair, call, dinner, … (needed)"},
	{"dry-run", NULL, OPTION_FLAG, &asked.dry_run, 0, 0, "say what would happen, send nothing"},
	{"map", "LIST", OPTION_TEXT, &asked.map, 0, 0,
	 "columns of other names: \"Dato=date,Firma=company\";\n\"Note=\" leaves one out"},
	{"site", "NAME", OPTION_TEXT, &asked.site, 0, 0, "whose user_id and crm_id these are (default: none's)"},
	{"currency", "CODE", OPTION_TEXT, &asked.currency, 0, 0, "of costs whose lines name none"},
	{"dates", "ORDER", OPTION_TEXT, &asked.dates, 0, 0,
	 "dmy or mdy: how 03/04/2026 is meant, where the file\ndoes not show it"},
	{"decimal", "MARK", OPTION_TEXT, &asked.decimal, 0, 0,
	 "comma or point: how 1,234 is meant, where the file\ndoes not show it"},
	{"offset", "OFFSET", OPTION_TEXT, &asked.offset, 0, 0, "of times without one, as +01:00 (default: UTC)"},
	{"encoding", "NAME", OPTION_TEXT, &asked.encoding, 0, 0,
	 "as iconv calls it (default: by the file's mark; else\nUTF-8, or windows-1252 where none of it is)"},
	{"separator", "NAME", OPTION_TEXT, &asked.separator, 0, 0,
	 "comma, semicolon or tab (default: by which the first\nline has names of ours)"},
	{"refusals", "N", OPTION_NUMBER, &asked.refusals, 0, 100000, "refused lines that are named (default: 20)"},
	{"json", NULL, OPTION_FLAG, &asked.json, 0, 0, "one object"},
	{0},
};

struct importer {
	struct ctl *ctl;
	struct produce_key key;
	struct import_way way;
	struct import_report report;
	struct import_csv csv;
	struct arena arena; /* one line's */
	struct import_same same;
	struct sender sender;
	struct progress progress;
	const char *topic;
};

/* ---- How the file is written ---- */

static bool read_word(const char *option, const char *word, const char *first, const char *second,
		      const char *third, unsigned *ret, struct fail *fail)
{
	const char *const words[] = {first, second, third};
	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		if (words[i] != NULL && strcmp(word, words[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--%s: expected %s%s%s%s%s, not \"%.40s\"", option, first,
			third != NULL ? ", " : " or ", second, third != NULL ? " or " : "",
			third != NULL ? third : "", word);
}

static bool check_asked(struct import_report *report, struct fail *fail)
{
	unsigned word = 0;
	char code[IMPORT_CURRENCY_SIZE];
	if (asked.kind == NULL || asked.kind[0] == '\0' || strlen(asked.kind) > KIND_MAX ||
	    !text_is_plain(asked.kind) || !text_is_utf8(asked.kind, strlen(asked.kind))) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "expected --kind: fair, call, dinner, …");
	}
	if (strlen(asked.site) > SITE_MAX || !text_is_plain(asked.site) ||
	    !text_is_utf8(asked.site, strlen(asked.site))) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--site: expected a name of at most %d bytes",
				SITE_MAX);
	}
	if (asked.currency[0] != '\0' && !import_words_currency(asked.currency, code)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--currency: expected three letters, as EUR");
	}
	if (!import_words_is_offset(asked.offset)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "--offset: expected an offset, as +01:00");
	}
	if (asked.dates != NULL) {
		if (!read_word("dates", asked.dates, "dmy", "mdy", NULL, &word, fail)) {
			return false;
		}
		report->order = word == 0 ? IMPORT_READING_FIRST : IMPORT_READING_SECOND;
	}
	if (asked.decimal != NULL) {
		if (!read_word("decimal", asked.decimal, "comma", "point", NULL, &word, fail)) {
			return false;
		}
		report->mark = word == 0 ? IMPORT_READING_FIRST : IMPORT_READING_SECOND;
	}
	return true;
}

/* At the front of the file, behind its line of titles. */
static struct import_text *open_table(struct importer *importer, struct fail *fail)
{
	struct import_text *text = import_text_open(asked.file, &importer->report.encoding, fail);
	if (text != NULL) {
		import_csv_start(&importer->csv, text, importer->report.separator);
		import_csv_next(&importer->csv);
	}
	return text;
}

/* By which of them does the first line fall into most columns that bear names of ours? */
static bool find_separator(struct importer *importer, struct fail *fail)
{
	static const char separators[] = {',', ';', '\t'};
	size_t best = 0;
	unsigned word = 0;
	if (asked.separator != NULL &&
	    !read_word("separator", asked.separator, "comma", "semicolon", "tab", &word, fail)) {
		return false;
	}
	importer->report.separator = separators[word];
	for (size_t i = 0; i < COUNT_OF(separators) && asked.separator == NULL; i++) {
		char before = importer->report.separator;
		importer->report.separator = separators[i];
		struct import_text *text = open_table(importer, fail);
		if (text == NULL) {
			return false;
		}
		size_t known = 2 * import_columns_known(&importer->csv, asked.map) + (importer->csv.count > 1);
		importer->report.separator = before;
		if (known > best) {
			importer->report.separator = importer->csv.separator;
			best = known;
		}
		import_text_close(text);
	}
	return true;
}

static bool read_titles(struct importer *importer, struct fail *fail)
{
	if (!import_text_find(asked.file, asked.encoding, &importer->report.encoding, fail) ||
	    !find_separator(importer, fail)) {
		return false;
	}
	struct import_text *text = open_table(importer, fail);
	bool read = text != NULL && (importer->csv.count > 0 || fail_set(fail, FAIL_FATAL, EXIT_BAD_DATA,
									 "%s: nothing is in it", asked.file));
	importer->report.separator = importer->csv.separator;
	read = read && import_columns_read(&importer->csv, asked.map, &importer->ctl->arena,
					   &importer->report.columns, fail);
	import_text_close(text);
	return read;
}

/* What one question about the whole file has come to: the first lines that show it. */
struct shown {
	uint64_t by_reading[IMPORT_READING_EITHER + 1];
};

static void note_shown(struct shown *shown, enum import_reading reading, uint64_t line)
{
	if (shown->by_reading[reading] == 0) {
		shown->by_reading[reading] = line;
	}
}

static bool settle(const struct shown *shown, const char *option, const char *first, const char *second,
		   const char *words, enum import_reading *reading, uint64_t *ret_line, struct fail *fail)
{
	uint64_t is_first = shown->by_reading[IMPORT_READING_FIRST],
		 is_second = shown->by_reading[IMPORT_READING_SECOND],
		 either = shown->by_reading[IMPORT_READING_EITHER];
	if (*reading != IMPORT_READING_ANY) {
		return true; /* told */
	}
	if (is_first != 0 && is_second != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"%s are written in two ways, in line %" PRIu64 " and in line %" PRIu64
				": say --%s %s or "
				"%s, and lines of the other way are refused",
				words, is_first, is_second, option, first, second);
	}
	if (is_first == 0 && is_second == 0 && either != 0) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"%s can be read in two ways, as in line %" PRIu64
				", and no line shows which: say --%s "
				"%s or %s",
				words, either, option, first, second);
	}
	*reading = is_first != 0    ? IMPORT_READING_FIRST
		   : is_second != 0 ? IMPORT_READING_SECOND
				    : IMPORT_READING_ANY;
	*ret_line = is_first + is_second;
	return true;
}

static bool look_through(struct importer *importer, struct fail *fail)
{
	struct shown order = {0}, mark = {0};
	struct import_report *report = &importer->report;
	struct import_text *text = open_table(importer, fail);
	while (text != NULL && import_csv_next(&importer->csv)) {
		struct import_said said;
		struct import_refusal refusal;
		arena_back(&importer->arena, 0);
		if (import_line_read(&importer->csv, &report->columns, &importer->arena, &said, &refusal)) {
			const char *date = said.text[IMPORT_date];
			note_shown(&order, import_words_order(date[0] != '\0' ? date : said.text[IMPORT_time]),
				   importer->csv.line);
			note_shown(&mark, import_words_mark(said.text[IMPORT_cost]), importer->csv.line);
		}
		progress_show(&importer->progress, import_text_part(text) / 2, "looking at dates");
	}
	bool whole = text != NULL && import_text_is_whole(text, fail);
	import_text_close(text);
	return whole &&
	       settle(&order, "dates", "dmy", "mdy", "dates", &report->order, &report->order_line, fail) &&
	       settle(&mark, "decimal", "comma", "point", "costs", &report->mark, &report->mark_line, fail);
}

/* ---- Its lines ---- */

static bool send(struct importer *importer, const struct produce_message *message, struct fail *fail)
{
	int64_t deadline_us = moment_monotonic_us() + SENDER_DELIVERY_MS_MAX * INT64_C(1000);
	while (!sender_send(&importer->sender, importer->topic, message, fail)) {
		if (fail->kind != FAIL_RETRY || moment_monotonic_us() > deadline_us) {
			return false;
		}
		sender_wait(&importer->sender);
	}
	sender_serve(&importer->sender);
	return true;
}

static bool take_line(struct importer *importer, struct fail *fail)
{
	struct import_said said;
	struct import_touch touch;
	struct import_refusal refusal;
	struct import_report *report = &importer->report;
	if (import_csv_is_empty(&importer->csv)) {
		report->empty++;
		return true;
	}
	report->lines++;
	arena_back(&importer->arena, 0);
	if (!import_line_read(&importer->csv, &report->columns, &importer->arena, &said, &refusal) ||
	    !import_line_make(&said, &importer->way, &importer->arena, &touch, &refusal)) {
		import_report_refuse(report, importer->csv.line, &refusal);
		return true;
	}
	if (import_same_is_known(&importer->same, touch.id)) {
		report->repeated++;
		return true;
	}
	import_report_touch(report, &touch);
	return report->dry_run || send(importer, &touch.message, fail);
}

static bool take_lines(struct importer *importer, struct fail *fail)
{
	struct import_text *text = open_table(importer, fail);
	bool good = text != NULL;
	while (good && import_csv_next(&importer->csv)) {
		good = take_line(importer, fail);
		progress_show(&importer->progress, 0.5 + import_text_part(text) / 2,
			      "%" PRIu64 " touches, %" PRIu64 " refused", importer->report.touches,
			      importer->report.refused);
	}
	good = good && import_text_is_whole(text, fail);
	import_text_close(text);
	return good;
}

/* ---- The whole ---- */

static bool start(struct importer *importer, struct ctl *ctl, struct fail *fail)
{
	struct import_report *report = &importer->report;
	importer->ctl = ctl;
	char *path = arena_print(&ctl->arena, "%s", asked.file);
	CHECK(path != NULL);
	text_show(path); /* whoever named the file: in whatever encoding, after whomever */
	report->path = path;
	report->kind = asked.kind;
	report->dry_run = asked.dry_run;
	report->refusals_max = (size_t)asked.refusals;
	if (!check_asked(report, fail) || !ctl_read_conf_for_kafka(ctl, fail) ||
	    !key_file_read(ctl->conf.identity.key_file, importer->key.key.bytes, &importer->key.key.size, fail)) {
		return false;
	}
	importer->key.there = true;
	report->refusals = calloc(report->refusals_max + 1, sizeof(*report->refusals));
	if (report->refusals == NULL || !arena_init(&importer->arena, LINE_ARENA_SIZE)) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "no memory");
	}
	importer->topic = topics_of_channel(&ctl->conf, CHANNEL_OFFLINE);
	if (importer->topic[0] == '\0') {
		return fail_set(fail, FAIL_FATAL, EXIT_CONFIG, "no topic is configured for channel crm");
	}
	progress_begin(&importer->progress, "import", false);
	return read_titles(importer, fail) && look_through(importer, fail);
}

static bool import(struct importer *importer, struct fail *fail)
{
	importer->way = (struct import_way){.kind = asked.kind,
					    .site = asked.site,
					    .offset = asked.offset,
					    .currency = asked.currency,
					    .order = importer->report.order,
					    .mark = importer->report.mark,
					    .conf = &importer->ctl->conf,
					    .key = &importer->key,
					    .now_us = moment_now_us()};
	if (importer->report.dry_run) {
		return take_lines(importer, fail);
	}
	struct fail lost;
	if (!sender_start(&importer->sender, importer->ctl, fail) ||
	    !sender_look(&importer->sender, importer->topic, fail)) {
		return false;
	}
	bool taken = take_lines(importer, fail), all = sender_drain(&importer->sender, &lost);
	if (taken && !all) {
		*fail = lost;
	}
	importer->report.delivered = importer->sender.delivered;
	importer->report.lost = importer->sender.lost;
	return taken && all;
}

static void finish(struct importer *importer)
{
	progress_end(&importer->progress);
	sender_finish(&importer->sender);
	arena_finish(&importer->arena);
	import_same_finish(&importer->same);
	free(importer->report.refusals);
	explicit_bzero(&importer->key, sizeof(importer->key));
}

static int run(struct ctl *ctl)
{
	static struct importer importer;
	struct fail fail;
	terminal_start();
	bool done = start(&importer, ctl, &fail) && import(&importer, &fail);
	progress_end(&importer.progress);
	if (done || importer.report.lines > 0) {
		import_report_print(&importer.report, asked.json);
	}
	int exit_code = !done ? ctl_give_up(ctl, &fail) : importer.report.refused > 0 ? EXIT_FOUND : EXIT_DONE;
	finish(&importer);
	return exit_code;
}

const struct command import_command = {
	.words = "import",
	.summary = "people met offline: a table of fairs, calls, dinners",
	.details = "FILE is CSV with a line of titles: email, user_id or crm_id; date (time); name, title, role, "
		   "company,\n"
		   "domain, cost, currency, campaign, consent. Each line becomes a touch, which is no evidence of "
		   "a phase,\n"
		   "acknowledged by all replicas. The same line counts once, however often it is sent. Without "
		   "consent\n"
		   "(granted) an address goes on as a keyed id, and names stay here. Exit 1: lines were refused; "
		   "64: dates,\n"
		   "costs or the encoding can be read in two ways; 65: no such table; 69: not acknowledged.",
	.options = options,
	.operand = {"FILE", &asked.file, true},
	.run = run,
};
