/*
 * Rows of the tables, from what was understood.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/model/phase_pack.h"
#include "tests/daemon/oracle_inside.h"

/* ---- tables of facts ---- */

static void add_actor(struct oracle *oracle, const struct actor *actor)
{
	struct actor_line line = {actor->id, actor->kind, tables_text(actor->space), NULL};
	tables_insert(oracle->tables, TABLE_ACTOR, &line);
}

/* Whom it says its person is. */
static void add_asserted(struct oracle *oracle, const struct seen *seen)
{
	const struct actor *others[] = {seen->who.has_address ? &seen->who.address : NULL,
					seen->who.has_crm ? &seen->who.crm : NULL,
					seen->who.has_previous ? &seen->who.previous : NULL};
	for (size_t i = 0; i < COUNT_OF(others) && !seen->who.by_hand; i++) {
		for (unsigned j = 0; others[i] != NULL && oracle_has_actor(oracle, seen, &others[i]->id) &&
				     j < seen->facts.assertion_count;
		     j++) {
			if (uuid_equal(&seen->facts.assertions[j].a, &others[i]->id) ||
			    uuid_equal(&seen->facts.assertions[j].b, &others[i]->id)) {
				add_actor(oracle, others[i]);
			}
		}
	}
}

void oracle_fill_touches(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (seen->subject.id == 0) {
			continue;
		}
		if (seen->who.has_weak && oracle_has_actor(oracle, seen, &seen->who.weak.id)) {
			add_actor(oracle, &seen->who.weak);
		}
		if (seen->who.has_strong && !seen->who.by_hand &&
		    oracle_has_actor(oracle, seen, &seen->who.strong.id)) {
			add_actor(oracle, &seen->who.strong);
		}
		add_asserted(oracle, seen);
		if (seen->stands) {
			CHECK(tables_insert(oracle->tables, TABLE_TOUCH, &seen->touch));
		}
		if (seen->states && seen->facts.has_claim) {
			const struct claim *claim = &seen->facts.claim;
			struct claim_line line = {claim->weak,	       claim->strong, claim->key.stamped_us,
						  claim->key.event_id, claim->at_us,  claim->strength};
			CHECK(tables_insert(oracle->tables, TABLE_CLAIM, &line));
		}
	}
}

/* All that one actor declared, and all that counts for it. */
struct told {
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	struct declared declared[ATTRIBUTE_COUNT * PLAN_MESSAGES_MAX];
	struct facts_part part;
};

static void tell(const struct oracle *oracle, const struct uuid *actor, struct told *told)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->declared_count; i++) {
		if (uuid_equal(&oracle->declared[i].actor_id, actor)) {
			told->declared[count++] = oracle->declared[i];
		}
	}
	told->part = (struct facts_part){told->consents, oracle_consents_of(oracle, actor, told->consents),
					 told->declared, count};
}

/* The contact that goes by the first of its actors. */
static void fill_contact(struct oracle *oracle, const struct uuid *ids, size_t count)
{
	static struct told tolds[KIN_ACTORS_MAX];
	struct facts_part parts[KIN_ACTORS_MAX];
	struct person person;
	for (size_t i = 0; i < count; i++) {
		tell(oracle, &ids[i], &tolds[i]);
		parts[i] = tolds[i].part;
	}
	facts_person(parts, count, &person);
	CHECK(person.consented == oracle_has_consented(oracle, &ids[0]));
	struct contact_line line = {
		.id = ids[0],
		.address = tables_text(person.address),
		.name = tables_text(person.name),
		.role = tables_text(role_name(person.role)),
		.role_declared = tables_text(person.role_declared),
		.title = tables_text(person.title),
		.company = tables_text(person.company),
		.may_write = person.may_write,
		.role_source = person.role_source,
		.role_at_us = person.role_at_us,
		.role_since_us = person.role_since_us,
		.host = tables_text(person.host),
		.domain = tables_text(person.domain),
		.named = person.named,
	};
	if (person.consented) {
		CHECK(tables_insert(oracle->tables, TABLE_CONTACT, &line));
	}
}

static void fill_declared(struct oracle *oracle, const struct told *told)
{
	for (size_t i = 0; i < told->part.declared_count; i++) {
		const struct declared *declared = &told->declared[i];
		if (facts_declared_stands(declared, told->consents, told->part.consent_count)) {
			struct declared_line row = {declared->actor_id,
						    declared->attribute,
						    tables_text(declared->source),
						    declared->key.stamped_us,
						    declared->key.event_id,
						    declared->key.touch_actor,
						    declared->at_us,
						    tables_text(declared->value)};
			tables_insert(oracle->tables, TABLE_DECLARED, &row);
		}
	}
}

/* NULL: of somebody who was only ever named by hand. */
static void fill_person(struct oracle *oracle, const struct uuid *id, struct actor_line *actor)
{
	static struct told told;
	struct uuid ids[KIN_ACTORS_MAX];
	struct person own;
	size_t count = oracle_person(oracle, id, ids);
	tell(oracle, id, &told);
	facts_person(&told.part, 1, &own);
	if (actor != NULL && actor->kind == ACTOR_EMAIL) {
		actor->value = tables_text(own.address);
	}
	fill_declared(oracle, &told);
	if (oracle_has_consented(oracle, id)) {
		struct stretch_line stretch = {*id, INT64_MIN, INT64_MAX, ids[0]};
		tables_insert(oracle->tables, TABLE_STRETCH, &stretch);
	}
	if (uuid_equal(&ids[0], id)) {
		fill_contact(oracle, ids, count);
	}
}

static void fill_unknown(struct oracle *oracle, const struct uuid *id)
{
	struct actor_line key = {.id = *id};
	struct stretch_line stretch = {.actor_id = *id, .from_us = INT64_MIN};
	if (tables_find(oracle->tables, TABLE_ACTOR, &key) == NULL &&
	    tables_find(oracle->tables, TABLE_STRETCH, &stretch) == NULL) {
		fill_person(oracle, id, NULL);
	}
}

/* The moments at which it may become somebody else's; between two of them it is one contact's. */
static void fill_stretches(struct oracle *oracle, const struct uuid *weak)
{
	struct claim claims[PLAN_MESSAGES_MAX];
	size_t count = oracle_claims_on(oracle, weak, claims), used = 0;
	struct stretch_line lines[PLAN_MESSAGES_MAX + 2];
	int64_t moments[PLAN_MESSAGES_MAX + 2] = {INT64_MIN};
	if (count == 0) {
		return;
	}
	moments[1] = oracle_session_begin(oracle, weak, claims[0].at_us);
	for (size_t i = 0; i < count; i++) {
		moments[i + 2] = claims[i].at_us;
	}
	for (size_t i = 0; i < count + 2; i++) {
		struct uuid contact = oracle_contact_on_weak(oracle, weak, moments[i]);
		if (used == 0 || !uuid_equal(&lines[used - 1].contact_id, &contact)) {
			if (used > 0) {
				lines[used - 1].to_us = moments[i];
			}
			lines[used++] = (struct stretch_line){*weak, moments[i], INT64_MAX, contact};
		}
	}
	for (size_t i = 0; i < used && (used > 1 || !uuid_equal(&lines[0].contact_id, weak)); i++) {
		CHECK(tables_insert(oracle->tables, TABLE_STRETCH, &lines[i]));
	}
}

void oracle_fill_persons(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->consent_count; i++) {
		const struct consent *consent = &oracle->consents[i];
		struct consent_line line = {consent->actor_id,
					    consent->purpose,
					    consent->key.stamped_us,
					    consent->key.event_id,
					    consent->key.touch_actor,
					    consent->at_us,
					    consent->state,
					    tables_text(consent->source),
					    tables_text(consent->policy)};
		tables_insert(oracle->tables, TABLE_CONSENT, &line);
	}
	for (size_t i = 0; i < tables_count(oracle->tables, TABLE_ACTOR); i++) {
		struct actor_line *actor = tables_row(oracle->tables, TABLE_ACTOR, i);
		if (actor_is_weak((enum actor_kind)actor->kind)) {
			fill_stretches(oracle, &actor->id);
		} else {
			fill_person(oracle, &actor->id, actor);
		}
	}
	for (size_t i = 0; i < oracle->count; i++) {
		if (oracle->seen[i].subject.id != 0 && oracle->seen[i].who.has_strong) {
			fill_unknown(oracle, &oracle->seen[i].who.strong.id);
		}
	}
	for (size_t i = 0; i < oracle->assertion_count; i++) {
		fill_unknown(oracle, &oracle->assertions[i].a);
		fill_unknown(oracle, &oracle->assertions[i].b);
	}
}

/* ---- what it was about, and what became of it ---- */

void oracle_fill_subjects(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		const struct subject *subject = &seen->subject;
		if (subject->id == 0 || !oracle_has_subject(oracle, seen)) {
			continue;
		}
		char texts[900];
		snprintf(texts, sizeof(texts), "%s/%s/%s/%d/%s/%s%s/%s/%s/%s/%s%s/%s/%d", subject->source,
			 subject->site, subject->process, subject->action, subject->label, subject->host,
			 subject->path, subject->title, subject->content_id, subject->form_id,
			 subject->target_host, subject->target_path, subject->topic, subject->engagement);
		const struct model_process *process = &oracle->model->model->processes[seen->match.process];
		char link[700];
		snprintf(link, sizeof(link), "%s%s", subject->target_host, subject->target_path);
		struct subject_line subject_line = {subject->id, subject->channel, tables_text(texts),
						    tables_text(link)};
		struct rule_line rule_line = {
			subject->id,
			tables_text(process->name),
			seen->match.rule >= 0 ? tables_text(process->rules[seen->match.rule].name) : NULL,
			seen->match.rule,
			tables_text(seen->match.content),
			seen->match.mail_click,
			seen->match.link,
			seen->match.confirm,
		};
		tables_insert(oracle->tables, TABLE_SUBJECT, &subject_line);
		tables_insert(oracle->tables, TABLE_RULE, &rule_line);
	}
}

void oracle_fill_outcomes(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		const struct event *event = seen->event;
		if (seen->follows) {
			continue;
		}
		int64_t us = event != NULL ? event->stamped_us : seen->timestamp_us;
		struct outcome_line line = {
			.day_us = moment_floor(us, MOMENT_DAY_US) * MOMENT_DAY_US,
			.source = tables_text(event != NULL ? event->source : ""),
			.site = tables_text(event != NULL ? event->site : ""),
			.channel = event != NULL ? (int64_t)event->channel : 0,
			.outcome = tables_text(outcome_about[seen->outcome].name),
		};
		int64_t n = 1, granted = 0, denied = 0;
		if (event != NULL) {
			enum statement said = event->consent.analytics;
			granted = said == STATEMENT_GRANTED ? 1 : 0;
			denied = said == STATEMENT_DENIED || said == STATEMENT_WITHDRAWN ? 1 : 0;
		}
		if (seen->outcome == OUTCOME_reported) {
			line.source = tables_text(seen->reject_source);
			line.site = tables_text(seen->reject.site);
			line.channel = seen->reject.channel;
			line.outcome = tables_text(outcome_about[seen->reject.reason].name);
			n = seen->reject.count;
			denied = seen->reject.denied;
		}
		struct outcome_line *found = tables_find(oracle->tables, TABLE_OUTCOME, &line);
		if (found == NULL) {
			tables_insert(oracle->tables, TABLE_OUTCOME, &line);
			found = tables_find(oracle->tables, TABLE_OUTCOME, &line);
		}
		found->n += n;
		found->granted += granted;
		found->denied += denied;
		found->unsaid += event != NULL || seen->outcome == OUTCOME_reported ? n - granted - denied : 0;
		if (outcome_about[seen->outcome].kept == OUTCOME_REJECTED) {
			struct rejected_line rejected = {tables_text(seen->topic),
							 0,
							 (int64_t)i,
							 tables_text(outcome_about[seen->reject.reason].name),
							 tables_text(seen->reject.field),
							 seen->reject.size,
							 seen->reject.hash,
							 seen->timestamp_us,
							 tables_text(seen->reject_source)};
			CHECK(tables_insert(oracle->tables, TABLE_REJECTED, &rejected));
		}
	}
}

/* ---- phases ---- */

#define HOUR_MS INT64_C(3600000)

/* One contact's touches in one process, in the fold's order. */
struct history {
	struct oracle *oracle;
	struct uuid contact;
	unsigned process;
	struct fold_touch touches[PLAN_MESSAGES_MAX];
	size_t count;
	enum shown shown;
	int64_t since_us;
	int64_t seen_ms;	 /* as of when the row is */
	struct phase_state last; /* after the last touch that moved it */
};

static int compare_touches(const void *a, const void *b)
{
	return fold_compare(a, b);
}

static void show(struct history *history, enum shown shown, int64_t at_ms, uint64_t cause)
{
	struct oracle *oracle = history->oracle;
	if (shown != history->shown) {
		struct change_line line = {history->contact,
					   tables_text(oracle->model->model->processes[history->process].name),
					   at_ms * 1000,
					   history->shown,
					   shown,
					   history->since_us,
					   cause};
		CHECK(tables_insert(oracle->tables, TABLE_CHANGE, &line));
		history->shown = shown;
		history->since_us = at_ms * 1000;
	}
}

/* Every full hour after the last touch and before that moment is looked at. */
static void pass_hours(struct history *history, int64_t before_ms)
{
	const struct fold_process *process = &history->oracle->model->processes[history->process];
	struct phase_view before, view;
	if (!history->last.moved) {
		return;
	}
	fold_view(process, &history->last, history->seen_ms, &before);
	for (int64_t at_ms = (moment_floor(history->seen_ms, HOUR_MS) + 1) * HOUR_MS; at_ms < before_ms;
	     at_ms += HOUR_MS) {
		fold_view(process, &history->last, at_ms, &view);
		if (view.shown != before.shown || view.band != before.band || view.quiet != before.quiet) {
			history->seen_ms = at_ms;
			show(history, view.shown, at_ms, TABLES_TIME);
			before = view;
		}
	}
}

static void on_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct history *history = context;
	struct phase_view view;
	pass_hours(history, touch->ms);
	fold_view(&history->oracle->model->processes[history->process], state, touch->ms, &view);
	history->since_us = history->since_us == INT64_MIN ? touch->ms * 1000 : history->since_us;
	show(history, view.shown, touch->ms, touch->id);
	history->last = *state;
	history->seen_ms = touch->ms;
}

static void on_checkpoint(void *context, const struct phase_state *state)
{
	struct history *history = context;
	struct oracle *oracle = history->oracle;
	const struct fold_process *process = &oracle->model->processes[history->process];
	uint8_t packed[PHASE_PACK_SIZE_MAX];
	struct checkpoint_line line = {history->contact,
				       tables_text(oracle->model->model->processes[history->process].name),
				       state->taken / process->checkpoint,
				       oracle->model->model->version,
				       state->last_ms * 1000,
				       tables_hex(packed, phase_pack(state, packed)),
				       history->shown,
				       history->since_us};
	CHECK(tables_insert(oracle->tables, TABLE_CHECKPOINT, &line));
}

static void fill_phase(struct history *history)
{
	struct oracle *oracle = history->oracle;
	const struct fold_process *process = &oracle->model->processes[history->process];
	struct phase_state state;
	struct phase_view view;
	bool scratch[PLAN_MESSAGES_MAX];
	uint8_t packed[PHASE_PACK_SIZE_MAX];
	qsort(history->touches, history->count, sizeof(history->touches[0]), compare_touches);
	const struct fold_hooks hooks = {on_step, on_checkpoint, history};
	fold_start(process, &state);
	fold_on(process, history->touches, history->count, scratch, &state, NULL, &hooks);
	pass_hours(history, moment_floor(oracle->drive->world->now_us, 1000) + 1);
	if (!state.moved && !state.started && state.click_count == 0) {
		return;
	}
	struct phase_line line = {
		.contact_id = history->contact,
		.process = tables_text(oracle->model->model->processes[history->process].name),
		.model_version = oracle->model->model->version,
		.fold = tables_hex(packed, phase_pack(&state, packed)),
		.reported = MAIN_NONE,
		.since_us = INT64_MIN,
		.last_us = INT64_MIN,
		.review_us = INT64_MIN,
	};
	if (state.moved || state.closed) {
		fold_view(process, &state, history->seen_ms, &view);
		line.counted = state.counted;
		line.confirmed = state.confirmed;
		line.activity = state.activity;
		line.early = view.main[MAIN_EARLY];
		line.mid = view.main[MAIN_MID];
		line.late = view.main[MAIN_LATE];
		line.reported = view.reported;
		line.shown = view.shown;
		line.fine = view.fine;
		line.band = view.band;
		line.quiet = view.quiet;
		line.since_us = history->since_us;
		line.last_us = state.counted_ms * 1000;
	}
	CHECK(tables_insert(oracle->tables, TABLE_PHASE, &line));
}

/* Machine reasons that are none for a contact. */
static uint32_t cleared_of(const struct oracle *oracle, const struct uuid *contact)
{
	for (size_t i = 0; i < oracle->plan->cleared_count; i++) {
		if (uuid_equal(&oracle->plan->cleared[i].contact_id, contact)) {
			return oracle->plan->cleared[i].reasons;
		}
	}
	return 0;
}

void oracle_fill_phases(struct oracle *oracle)
{
	static struct history histories[4 * PLAN_MESSAGES_MAX];
	size_t used = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		struct uuid contact;
		bool counts = seen->stands && (seen->match.confirm != 0 ||
					       (seen->touch.party == PARTY_PERSON && seen->match.rule >= 0));
		if (!counts || !oracle_contact_of(oracle, seen, &contact)) {
			continue;
		}
		uint32_t cleared = cleared_of(oracle, &contact);
		if (((uint32_t)seen->touch.reasons & ~cleared) != 0) {
			continue;
		}
		size_t at = 0;
		while (at < used && !(uuid_equal(&histories[at].contact, &contact) &&
				      histories[at].process == (unsigned)seen->match.process)) {
			at++;
		}
		if (at == used) {
			histories[used++] = (struct history){.oracle = oracle,
							     .contact = contact,
							     .process = (unsigned)seen->match.process,
							     .since_us = INT64_MIN};
		}
		bool confirms = seen->match.confirm != 0, closes = seen->match.confirm == MATCH_CLOSES;
		histories[at].touches[histories[at].count++] = (struct fold_touch){
			.ms = moment_floor(seen->touch.at_us, 1000),
			.id = seen->touch.event_id,
			.kind = closes	   ? FOLD_CLOSE
				: confirms ? FOLD_CONFIRM
					   : FOLD_TOUCH,
			.rule = closes	   ? 0
				: confirms ? seen->match.confirm
					   : (uint16_t)seen->match.rule,
			.mail_click = !confirms && seen->match.mail_click && (cleared & MACHINE_BURST) == 0,
			.link = seen->match.link,
		};
	}
	for (size_t i = 0; i < used; i++) {
		fill_phase(&histories[i]);
	}
}
