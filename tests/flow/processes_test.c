/* conf/model: what the processes beside `standard` take, what their rules tell apart, and where their journeys end. */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/edge/model_file.h"
#include "core/flow/decode.h"
#include "core/flow/fold.h"
#include "core/flow/match.h"
#include "core/flow/subject.h"
#include "tests/table.h"

#define JOURNEY_MAX 64

static struct arena arena;

struct reader {
	struct model *model;
	struct matcher *matcher;
};

static struct reader reader_of(const char *path)
{
	struct reader reader = {0};
	struct fail fail;
	ck_assert(arena.base != NULL || arena_init(&arena, (size_t)64 * 1024 * 1024));
	ck_assert_msg(model_file_read(path, &arena, &reader.model, &fail), "%s", fail.text);
	reader.matcher = matcher_create(reader.model, &fail);
	ck_assert_msg(reader.matcher != NULL, "%s", fail.text);
	return reader;
}

static const struct model_process *process_named(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->process_count; i++) {
		if (strcmp(model->processes[i].name, name) == 0) {
			return &model->processes[i];
		}
	}
	ck_abort_msg("no process %s", name);
}

/* Of a rule that must be there. */
static uint16_t rule_number(const struct model_process *process, const char *name)
{
	for (unsigned r = 0; r < process->rule_count; r++) {
		if (strcmp(process->rules[r].name, name) == 0) {
			return (uint16_t)r;
		}
	}
	ck_abort_msg("%s: no rule %s", process->name, name);
}

/* ---- What belongs to a process ---- */

static void check_subject(const struct reader *reader, struct subject subject, const char *process,
			  const char *rule)
{
	const char **texts[] = {&subject.source,  &subject.site,  &subject.process,	&subject.label,
				&subject.host,	  &subject.path,  &subject.title,	&subject.content_id,
				&subject.form_id, &subject.topic, &subject.target_host, &subject.target_path};
	struct match match;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		*texts[i] = *texts[i] != NULL ? *texts[i] : "";
	}
	matcher_match(reader->matcher, &subject, &match);
	const struct model_process *found = &reader->model->processes[match.process];
	ck_assert_msg(strcmp(found->name, process) == 0 && strcmp(found->rules[match.rule].name, rule) == 0,
		      "%s%s%s%s%s: %s %s instead of %s %s", subject.path, subject.target_path, subject.form_id,
		      subject.label, subject.topic, found->name, found->rules[match.rule].name, process, rule);
}

START_TEST(pages_in_five_languages_are_claimed_for_their_process)
{
	static const struct {
		const char *path, *process, *rule;
	} rows[] = {
		{"/tenders/", "tender", "web.tender_pages"},
		{"/en/tenders/faq", "tender", "web.tender_pages"},
		{"/udbud/markedsdialog/", "tender", "web.market_dialogue"},
		{"/offentlige-anskaffelser/kravspesifikasjon", "tender", "web.specification"},
		{"/sv/upphandling/utvarderingskriterier/", "tender", "web.award_criteria"},
		{"/de/ausschreibungen/eignungsnachweise/", "tender", "web.qualification"},
		{"/vergabe/zuschlag", "tender", "web.award"},
		{"/espd", "tender", "web.qualification"},
		{"/agreements/", "call-off", "web.agreement_pages"},
		{"/rammeaftaler/sortiment/", "call-off", "web.agreement_range"},
		{"/no/rammeavtale/minikonkurranse", "call-off", "web.mini_competition"},
		{"/ramavtal/leveranstider/", "call-off", "web.delivery_times"},
		{"/rahmenvertraege/bestellung/", "call-off", "web.order_pages"},
		{"/innovation/", "innovation", "web.innovation_pages"},
		{"/innovasjon/bruksomrader/", "innovation", "web.concept"},
		{"/innovation/risici", "innovation", "web.limits"},
		{"/innovation/affarscase/", "innovation", "web.business_case"},
		{"/de/pilotprojekte/", "innovation", "web.pilot_pages"},
		{"/labs/zukunft", "innovation", "web.vision"},
		{"/parts/1234-567", "parts", "web.part_pages"},
		{"/reservedele/fejlfinding/", "parts", "web.troubleshooting"},
		{"/reservedeler/handlekurv", "parts", "web.basket"},
		{"/sv/reservdelar/ritningar/", "parts", "web.part_finder"},
		{"/ersatzteile/passt-zu/", "parts", "web.compatibility"},
		{"/ersatzteile/lagerbestand/", "parts", "web.pricing"},
		/* and what is none of theirs */
		{"/blog/award/", "standard", "web.blog"},
		{"/news/pilot-projects/", "standard", "web.blog"},
		{"/products/pilot-boat-tenders/", "standard", "web.product"},
		{"/partshop", "standard", "web.other"},
		{"/evaluation/", "standard", "web.other"},
		{"/prices/", "standard", "web.pricing"},
	};
	struct reader reader = reader_of("conf/model");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct subject page = {.channel = CHANNEL_WEB, .action = ACTION_PAGE_VIEW, .path = rows[i].path};
		check_subject(&reader, page, rows[i].process, rows[i].rule);
	}
	matcher_destroy(reader.matcher);
}
END_TEST

START_TEST(forms_mails_and_chats_are_claimed_and_ordinary_ones_only_when_they_say_so)
{
	static const struct {
		struct subject subject;
		const char *process, *rule;
	} rows[] = {
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/contact/",
		  .form_id = "tender-notice"},
		 "tender",
		 "web.bid_invitation"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/contact/",
		  .form_id = "call-off-2"},
		 "call-off",
		 "web.call_off"},
		{{.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .label = "Pilot requested"},
		 "innovation",
		 "web.pilot_request"},
		{{.channel = CHANNEL_WEB, .action = ACTION_CUSTOM, .label = "Parts ordered"},
		 "parts",
		 "web.parts_order"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/tenders/",
		  .form_id = "newsletter"},
		 "tender",
		 "web.other"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/quote/",
		  .form_id = "quote-request"},
		 "standard",
		 "web.quote_request"},
		{{.channel = CHANNEL_WEB,
		  .action = ACTION_FORM_SUBMIT,
		  .path = "/quote/",
		  .form_id = "quote-request",
		  .process = "parts"},
		 "parts",
		 "web.quote_request"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/tenders/award/"},
		 "tender",
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/rahmenvertrag/"},
		 "call-off",
		 "email.click_agreement"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/innovation/pilot/"},
		 "innovation",
		 "email.click_mid"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/parts/finder/"},
		 "parts",
		 "email.click_part"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_CLICK, .target_path = "/prices/"},
		 "standard",
		 "email.click_late"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_OPEN, .process = "tender"},
		 "tender",
		 "email.open"},
		{{.channel = CHANNEL_EMAIL, .action = ACTION_EMAIL_FORWARD, .process = "tender"},
		 "tender",
		 "email.forward"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "tender"},
		 "tender",
		 "chat.tender"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "agreement,price"},
		 "call-off",
		 "chat.price"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "pilot,references"},
		 "innovation",
		 "chat.references"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "parts,problem"},
		 "parts",
		 "chat.problem"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .topic = "price"},
		 "standard",
		 "chat.price"},
		{{.channel = CHANNEL_CHAT, .action = ACTION_CHAT_MESSAGE, .process = "parts"},
		 "parts",
		 "chat.other"},
	};
	struct reader reader = reader_of("conf/model");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_subject(&reader, rows[i].subject, rows[i].process, rows[i].rule);
	}
	matcher_destroy(reader.matcher);
}
END_TEST

/* ---- What rules tell apart ---- */

/* States as a bitmask: how likely each of them makes a touch of this rule, on average. */
static double factor_of(const struct fold_process *fold, unsigned rule, unsigned states)
{
	double sum = 0, count = 0;
	for (unsigned k = 0; k < fold->states; k++) {
		sum += (states >> k & 1) != 0 ? fold->factor[rule][k] : 0;
		count += states >> k & 1;
	}
	return sum / count;
}

/* The most that one touch of a channel (CHANNEL_UNSAID: of any) can say for some states against others. */
static double best_ratio(const struct model_process *process, const struct fold_process *fold,
			 enum channel channel, unsigned states, unsigned against)
{
	double best = 0;
	for (unsigned r = 0; r < process->rule_count; r++) {
		bool asked = channel == CHANNEL_UNSAID || process->rules[r].channel == channel;
		double ratio = factor_of(fold, r, states) / factor_of(fold, r, against);
		best = asked && !process->rules[r].ignored && ratio > best ? ratio : best;
	}
	return best;
}

static unsigned states_of(const struct model_process *process, enum main_phase main)
{
	unsigned states = 0;
	for (unsigned k = 1; k < process->states; k++) {
		states |= process->state_main[k] == main ? 1u << k : 0;
	}
	return states;
}

static void check_main_phases(const struct model_process *process, const struct fold_process *fold,
			      unsigned states, unsigned against)
{
	static const enum channel channels[] = {CHANNEL_WEB, CHANNEL_EMAIL, CHANNEL_CHAT};
	for (size_t c = 0; c < COUNT_OF(channels) && states != against && states != 0 && against != 0; c++) {
		double ratio = best_ratio(process, fold, channels[c], states, against);
		ck_assert_msg(ratio > 1.8, "%s, %s: states %x against %x: %.2f", process->name,
			      channel_name(channels[c]), states, against, ratio);
	}
}

/* Factors are shares within a channel: points that all its rules have say nothing, which nobody sees in the file. */
START_TEST(rules_tell_each_phase_from_each_other)
{
	static struct fold_process fold;
	struct reader reader = reader_of("conf/model");
	for (unsigned p = 0; p < reader.model->process_count; p++) {
		const struct model_process *process = &reader.model->processes[p];
		fold_process_init(&fold, process);
		for (unsigned i = 0; i < process->states * process->states; i++) {
			unsigned a = i / process->states, b = i % process->states;
			ck_assert_msg(a == b || best_ratio(process, &fold, CHANNEL_UNSAID, 1u << a, 1u << b) > 1.5,
				      "%s: %s against %s", process->name, process->state_names[a],
				      process->state_names[b]);
		}
		for (unsigned i = 0; i < MAIN_COUNT * MAIN_COUNT; i++) {
			check_main_phases(process, &fold, states_of(process, i / MAIN_COUNT),
					  states_of(process, i % MAIN_COUNT));
		}
	}
	matcher_destroy(reader.matcher);
}
END_TEST

/* Nor does it with the view of the form's page, which is all that comes with it. */
START_TEST(a_quote_request_alone_does_not_prove_the_late_phase)
{
	static struct fold_process fold;
	static struct phase_state state;
	struct reader reader = reader_of("conf/model");
	for (unsigned p = 0; p < reader.model->process_count; p++) {
		const struct model_process *process = &reader.model->processes[p];
		struct fold_touch page = {
			.ms = INT64_C(1795600800000), .id = 1, .rule = rule_number(process, "web.other")};
		struct fold_touch quote = {
			.ms = page.ms + 40000, .id = 2, .rule = rule_number(process, "web.quote_request")};
		struct phase_view view;
		fold_process_init(&fold, process);
		fold_start(&fold, &state);
		ck_assert_int_eq(fold_touch(&fold, &state, &quote), FOLD_MOVED);
		fold_view(&fold, &state, quote.ms, &view);
		ck_assert(view.shown == SHOWN_UNKNOWN && view.reported != MAIN_LATE);
		fold_start(&fold, &state);
		ck_assert_int_eq(fold_touch(&fold, &state, &page), FOLD_MOVED);
		ck_assert_int_eq(fold_touch(&fold, &state, &quote), FOLD_MOVED);
		fold_view(&fold, &state, quote.ms, &view);
		ck_assert_msg(view.shown != SHOWN_LATE, "%s: %.3f", process->name, view.main[MAIN_LATE]);
	}
	matcher_destroy(reader.matcher);
}
END_TEST

/* ---- Journeys ---- */

/* A line of tests/journeys: an event as it would travel. */
static const struct event *event_of(const char *line)
{
	struct message message = {.value = (const uint8_t *)line,
				  .size = strlen(line),
				  .form = FORM_JSON,
				  .timestamp_us = INT64_C(1795600800000000)};
	struct event *event;
	struct reject reject;
	enum outcome outcome = decode_event(&message, &arena, NULL, &event, &reject);
	ck_assert_msg(outcome == OUTCOME_NONE, "%s: %s", line, reject.field);
	return event;
}

struct journey {
	size_t count;
	struct fold_touch touches[JOURNEY_MAX];
	const char *process; /* that all of it belongs to */
};

static void journey_read(const struct reader *reader, const char *name, struct journey *ret_journey)
{
	char path[128], line[4096];
	snprintf(path, sizeof(path), "tests/journeys/%s.ndjson", name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	*ret_journey = (struct journey){0};
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		const struct event *event = event_of(line);
		struct subject subject;
		struct match match;
		ck_assert(subject_from_event(event, NULL, 0, &arena, &subject));
		matcher_match(reader->matcher, &subject, &match);
		const char *process = reader->model->processes[match.process].name;
		ck_assert_msg(ret_journey->count == 0 || strcmp(process, ret_journey->process) == 0,
			      "%s belongs to %s", event->id, process);
		ck_assert(match.rule != MATCH_NO_RULE && ret_journey->count < JOURNEY_MAX);
		ret_journey->process = process;
		ret_journey->touches[ret_journey->count++] = (struct fold_touch){.ms = event->occurred_us / 1000,
										 .id = decode_event_id(event),
										 .rule = (uint16_t)match.rule,
										 .mail_click = match.mail_click,
										 .link = match.link};
	}
	fclose(file);
	qsort(ret_journey->touches, ret_journey->count, sizeof(ret_journey->touches[0]), fold_compare);
}

/* What is shown an hour after its end. */
static struct phase_view journey_end(const struct reader *reader, const char *name)
{
	static struct fold_process process;
	static struct phase_state state;
	struct journey journey;
	struct phase_view view;
	bool scratch[JOURNEY_MAX];
	journey_read(reader, name, &journey);
	fold_process_init(&process, process_named(reader->model, journey.process));
	fold_all(&process, journey.touches, journey.count, scratch, &state, NULL, NULL, NULL);
	fold_view(&process, &state, journey.touches[journey.count - 1].ms + 3600000, &view);
	return view;
}

START_TEST(a_journey_of_each_process_ends_elsewhere_under_standard)
{
	static const struct {
		const char *name;
		enum shown shown, standard;
	} rows[] = {
		{"tender", SHOWN_LATE, SHOWN_MID},
		{"call-off", SHOWN_LATE, SHOWN_MID},
		{"innovation", SHOWN_EARLY, SHOWN_MID},
		{"parts", SHOWN_MID, SHOWN_LATE},
	};
	struct reader all = reader_of("conf/model"), standard = reader_of("conf/model/standard.yaml");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct phase_view own = journey_end(&all, rows[i].name),
				  other = journey_end(&standard, rows[i].name);
		ck_assert_msg(own.shown == rows[i].shown && other.shown == rows[i].standard,
			      "%s: %s, under standard %s", rows[i].name, shown_name(own.shown),
			      shown_name(other.shown));
	}
	matcher_destroy(all.matcher);
	matcher_destroy(standard.matcher);
}
END_TEST

TEST_MAIN("processes", pages_in_five_languages_are_claimed_for_their_process,
	  forms_mails_and_chats_are_claimed_and_ordinary_ones_only_when_they_say_so,
	  rules_tell_each_phase_from_each_other, a_quote_request_alone_does_not_prove_the_late_phase,
	  a_journey_of_each_process_ends_elsewhere_under_standard)
