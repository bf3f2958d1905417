#include "tests/daemon/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/flow/attribute.h"
#include "core/flow/decode.h"
#include "core/flow/facts.h"
#include "core/flow/match.h"
#include "core/flow/subject.h"
#include "core/model/phase_pack.h"

#define SESSION_US INT64_C(1800000000)

/* A message as it was understood. */
struct seen {
	enum outcome outcome; /* NONE: has a touch, and is not decided yet */
	int64_t timestamp_us;
	const char *topic;
	struct reject reject;
	const char *reject_source;
	const struct event *event;
	struct identified who;
	struct facts facts;
	struct subject subject;
	struct match match;
	struct touch_line touch;
	bool stands;
};

struct oracle {
	const struct drive *drive;
	const struct contacts_model *model;
	struct matcher *matcher;
	struct arena *arena;
	struct tables *tables;
	struct seen seen[PLAN_MESSAGES_MAX];
	size_t count;
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	size_t consent_count;
	struct declared declared[ATTRIBUTE_COUNT * PLAN_MESSAGES_MAX];
	size_t declared_count;
};

/* ---- understanding ---- */

static bool may_be_counted(const struct conf *conf, const struct event *event)
{
	return event->consent.analytics == STATEMENT_GRANTED ||
	       (event->consent.analytics == STATEMENT_UNSAID && conf->consent[event->channel] == CONF_ALLOW);
}

static bool is_erased(const struct plan *plan, const struct seen *seen)
{
	for (size_t i = 0; i < plan->erased_count; i++) {
		const struct erasure_line *erased = &plan->erased[i];
		if (((seen->who.has_weak && uuid_equal(&seen->who.weak.id, &erased->actor_id)) ||
		     (seen->who.has_strong && uuid_equal(&seen->who.strong.id, &erased->actor_id))) &&
		    seen->event->occurred_us <= erased->at_us) {
			return true;
		}
	}
	return false;
}

static void understand_event(struct oracle *oracle, const struct plan *plan, struct seen *seen)
{
	struct identify_options options = {.key = &oracle->drive->key};
	const struct event *event = seen->event;
	if (!may_be_counted(&oracle->drive->conf, event)) {
		seen->outcome = OUTCOME_no_consent;
		return;
	}
	CHECK(identify_event(event, &options, oracle->arena, &seen->who));
	if (!seen->who.has_weak && !seen->who.has_strong) {
		seen->outcome = OUTCOME_unidentified;
		return;
	}
	if (is_erased(plan, seen)) {
		seen->outcome = OUTCOME_erased;
		return;
	}
	CHECK(subject_from_event(event, NULL, 0, oracle->arena, &seen->subject));
	matcher_match(oracle->matcher, &seen->subject, &seen->match);
	facts_from_event(event, &seen->who, decode_event_id(event), event->machine_reasons, &seen->facts);
	seen->touch = (struct touch_line){
		.actor_id = seen->who.has_weak ? seen->who.weak.id : seen->who.strong.id,
		.stamped_us = event->stamped_us,
		.event_id = decode_event_id(event),
		.received_us = event->received_us,
		.at_us = event->occurred_us,
		.subject_id = seen->subject.id,
		.reasons = event->machine_reasons,
		.party = event->party,
	};
}

static void understand(struct oracle *oracle, const struct plan *plan, const struct plan_message *message)
{
	struct seen *seen = &oracle->seen[oracle->count++];
	struct message raw = {
		.timestamp_us = message->message.timestamp_us,
		.form = message->message.form,
		.value = message->message.bytes,
		.size = message->message.size,
	};
	*seen = (struct seen){
		.timestamp_us = raw.timestamp_us, .topic = world_topics[message->topic], .reject_source = ""};
	if (message->topic == WORLD_REJECTED) {
		int64_t received_us;
		seen->outcome =
			decode_rejected(&raw, oracle->arena, &seen->reject, &received_us, &seen->reject_source);
		seen->outcome = seen->outcome == OUTCOME_NONE ? OUTCOME_uncollected : seen->outcome;
		return;
	}
	struct event *event;
	seen->outcome = decode_event(&raw, oracle->arena, NULL, &event, &seen->reject);
	if (seen->outcome == OUTCOME_NONE) {
		seen->event = event;
		understand_event(oracle, plan, seen);
	}
}

/* ---- which copy stands ---- */

static bool same_event(const struct touch_line *a, const struct touch_line *b)
{
	return uuid_equal(&a->actor_id, &b->actor_id) && a->stamped_us == b->stamped_us &&
	       a->event_id == b->event_id;
}

static bool goes_before(const struct touch_line *a, const struct touch_line *b)
{
	if (a->received_us != b->received_us) {
		return a->received_us < b->received_us;
	}
	if (a->at_us != b->at_us) {
		return a->at_us < b->at_us;
	}
	if (a->subject_id != b->subject_id) {
		return (int64_t)a->subject_id < (int64_t)b->subject_id;
	}
	return a->reasons != b->reasons ? a->reasons < b->reasons : a->party < b->party;
}

static void choose(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		struct seen *seen = &oracle->seen[i];
		if (seen->outcome != OUTCOME_NONE) {
			continue;
		}
		seen->stands = true;
		for (size_t j = 0; j < oracle->count && seen->stands; j++) {
			const struct seen *other = &oracle->seen[j];
			if (j != i && other->event != NULL && other->subject.id != 0 &&
			    same_event(&seen->touch, &other->touch)) {
				bool equal = !goes_before(&seen->touch, &other->touch) &&
					     !goes_before(&other->touch, &seen->touch);
				seen->stands = goes_before(&seen->touch, &other->touch) || (equal && i < j);
			}
		}
	}
	for (size_t i = 0; i < oracle->count; i++) {
		struct seen *seen = &oracle->seen[i];
		if (seen->outcome == OUTCOME_NONE) {
			seen->outcome = !seen->stands		   ? OUTCOME_duplicate
					: seen->touch.reasons != 0 ? OUTCOME_machine
								   : OUTCOME_applied;
		}
	}
}

/* ---- facts ---- */

static void gather_facts(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (!seen->stands) {
			continue;
		}
		for (unsigned j = 0; j < seen->facts.consent_count; j++) {
			oracle->consents[oracle->consent_count++] = seen->facts.consents[j];
		}
		for (unsigned j = 0; j < seen->facts.declared_count; j++) {
			oracle->declared[oracle->declared_count++] = seen->facts.declared[j];
		}
	}
}

/* All that one person stated. */
static size_t consents_of(const struct oracle *oracle, const struct uuid *person, struct consent *ret_consents)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->consent_count; i++) {
		if (uuid_equal(&oracle->consents[i].actor_id, person)) {
			ret_consents[count++] = oracle->consents[i];
		}
	}
	return count;
}

static bool has_consented(const struct oracle *oracle, const struct uuid *person)
{
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	size_t count = consents_of(oracle, person, consents);
	return attribute_consent_state(consents, count, PURPOSE_PROFILE) == STATEMENT_GRANTED;
}

/* ---- whose is it ---- */

/* All claims on a weak actor by (at, event id), then what else there is to tell them apart. */
static size_t claims_on(const struct oracle *oracle, const struct uuid *weak, struct claim *ret_claims)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (seen->stands && seen->facts.has_claim && uuid_equal(&seen->facts.claim.weak, weak)) {
			ret_claims[count++] = seen->facts.claim;
		}
	}
	qsort(ret_claims, count, sizeof(*ret_claims), attribute_compare_claims);
	return count;
}

/* The earliest moment of the session that runs up to c₁: from touch to touch backwards, no gap over 30 minutes. */
static int64_t session_begin(const struct oracle *oracle, const struct uuid *weak, int64_t claim_us)
{
	int64_t begin = claim_us;
	for (;;) {
		int64_t before = INT64_MIN;
		for (size_t i = 0; i < oracle->count; i++) {
			const struct touch_line *touch = &oracle->seen[i].touch;
			if (oracle->seen[i].stands && uuid_equal(&touch->actor_id, weak) && touch->at_us < begin &&
			    touch->at_us >= begin - SESSION_US && touch->at_us > before) {
				before = touch->at_us;
			}
		}
		if (before == INT64_MIN) {
			return begin;
		}
		begin = before;
	}
}

/* Rules 1 to 4. */
static struct uuid contact_on_weak(const struct oracle *oracle, const struct uuid *weak, int64_t at_us)
{
	struct claim claims[PLAN_MESSAGES_MAX];
	size_t count = claims_on(oracle, weak, claims);
	const struct uuid *person = NULL;
	bool several = false;
	for (size_t i = 0; i < count; i++) {
		several = several || !uuid_equal(&claims[i].strong, &claims[0].strong);
		if (claims[i].at_us <= at_us) {
			person = &claims[i].strong; /* 1: the latest at or before it */
		}
	}
	if (count > 0 && person == NULL && (!several || at_us >= session_begin(oracle, weak, claims[0].at_us))) {
		person = &claims[0].strong; /* 2, 3 */
	}
	return person != NULL && has_consented(oracle, person) ? *person : *weak;
}

/* False: nobody's, of a person without consent. */
static bool contact_of(const struct oracle *oracle, const struct seen *seen, struct uuid *ret_contact)
{
	const struct uuid *actor = &seen->touch.actor_id;
	if (seen->who.has_weak) {
		*ret_contact = contact_on_weak(oracle, actor, seen->touch.at_us);
		return true;
	}
	*ret_contact = *actor;
	return has_consented(oracle, actor);
}

/* ---- tables of facts ---- */

static void add_actor(struct oracle *oracle, const struct actor *actor)
{
	struct actor_line line = {actor->id, actor->kind, tables_text(actor->space), NULL};
	tables_insert(oracle->tables, TABLE_ACTOR, &line);
}

static void fill_touches(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		if (seen->subject.id == 0) {
			continue;
		}
		if (seen->who.has_weak) {
			add_actor(oracle, &seen->who.weak);
		}
		if (seen->who.has_strong) {
			add_actor(oracle, &seen->who.strong);
		}
		if (seen->stands) {
			CHECK(tables_insert(oracle->tables, TABLE_TOUCH, &seen->touch));
		}
		if (seen->stands && seen->facts.has_claim) {
			const struct claim *claim = &seen->facts.claim;
			struct claim_line line = {claim->weak,	       claim->strong, claim->key.stamped_us,
						  claim->key.event_id, claim->at_us,  claim->strength};
			CHECK(tables_insert(oracle->tables, TABLE_CLAIM, &line));
		}
	}
}

static void fill_person(struct oracle *oracle, struct actor_line *actor)
{
	struct consent consents[2 * PLAN_MESSAGES_MAX];
	struct declared declared[ATTRIBUTE_COUNT * PLAN_MESSAGES_MAX];
	size_t consent_count = consents_of(oracle, &actor->id, consents), declared_count = 0;
	for (size_t i = 0; i < oracle->declared_count; i++) {
		if (uuid_equal(&oracle->declared[i].actor_id, &actor->id)) {
			declared[declared_count++] = oracle->declared[i];
		}
	}
	struct person person;
	facts_person(consents, consent_count, declared, declared_count, &person);
	if (!person.consented) {
		return;
	}
	struct contact_line line = {
		.id = actor->id,
		.address = tables_text(person.address),
		.name = tables_text(person.name),
		.role = tables_text(role_name(person.role)),
		.role_declared = tables_text(person.role_declared),
		.title = tables_text(person.title),
		.company = tables_text(person.company),
		.may_write = person.may_write,
	};
	CHECK(tables_insert(oracle->tables, TABLE_CONTACT, &line));
	struct stretch_line own = {actor->id, INT64_MIN, INT64_MAX, actor->id};
	CHECK(tables_insert(oracle->tables, TABLE_STRETCH, &own));
	if (actor->kind == ACTOR_EMAIL) {
		actor->value = line.address;
	}
	for (size_t i = 0; i < declared_count; i++) {
		if (facts_declared_stands(&declared[i], consents, consent_count)) {
			struct declared_line row = {actor->id,
						    declared[i].attribute,
						    tables_text(declared[i].source),
						    declared[i].key.stamped_us,
						    declared[i].key.event_id,
						    declared[i].key.touch_actor,
						    declared[i].at_us,
						    tables_text(declared[i].value)};
			tables_insert(oracle->tables, TABLE_DECLARED, &row);
		}
	}
}

/* The moments at which it may become somebody else's; between two of them it is one contact's. */
static void fill_stretches(struct oracle *oracle, const struct uuid *weak)
{
	struct claim claims[PLAN_MESSAGES_MAX];
	size_t count = claims_on(oracle, weak, claims), used = 0;
	struct stretch_line lines[PLAN_MESSAGES_MAX + 2];
	int64_t moments[PLAN_MESSAGES_MAX + 2] = {INT64_MIN};
	if (count == 0) {
		return;
	}
	moments[1] = session_begin(oracle, weak, claims[0].at_us);
	for (size_t i = 0; i < count; i++) {
		moments[i + 2] = claims[i].at_us;
	}
	for (size_t i = 0; i < count + 2; i++) {
		struct uuid contact = contact_on_weak(oracle, weak, moments[i]);
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

static void fill_persons(struct oracle *oracle)
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
			fill_person(oracle, actor);
		}
	}
}

/* ---- what it was about, and what became of it ---- */

static void fill_subjects(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		const struct subject *subject = &seen->subject;
		if (subject->id == 0) {
			continue;
		}
		char texts[900];
		snprintf(texts, sizeof(texts), "%s/%s/%s/%d/%s/%s%s/%s/%s/%s/%s%s/%s/%d", subject->source,
			 subject->site, subject->process, subject->action, subject->label, subject->host,
			 subject->path, subject->title, subject->content_id, subject->form_id,
			 subject->target_host, subject->target_path, subject->topic, subject->engagement);
		const struct model_process *process = &oracle->model->model->processes[seen->match.process];
		struct subject_line subject_line = {subject->id, subject->channel, tables_text(texts)};
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

static void fill_outcomes(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		const struct event *event = seen->event;
		int64_t us = event != NULL ? event->stamped_us : seen->timestamp_us;
		struct outcome_line line = {
			.day_us = moment_floor(us, MOMENT_DAY_US) * MOMENT_DAY_US,
			.source = tables_text(event != NULL ? event->source : ""),
			.site = tables_text(event != NULL ? event->site : ""),
			.channel = event != NULL ? (int64_t)event->channel : 0,
			.outcome = tables_text(outcome_about[seen->outcome].name),
		};
		struct outcome_line *found = tables_find(oracle->tables, TABLE_OUTCOME, &line);
		if (found == NULL) {
			tables_insert(oracle->tables, TABLE_OUTCOME, &line);
			found = tables_find(oracle->tables, TABLE_OUTCOME, &line);
		}
		found->n++;
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

/* One contact's touches in one process, in the fold's order. */
struct history {
	struct oracle *oracle;
	struct uuid contact;
	unsigned process;
	struct fold_touch touches[PLAN_MESSAGES_MAX];
	size_t count;
	enum shown shown;
	int64_t since_us;
};

static int compare_touches(const void *a, const void *b)
{
	return fold_compare(a, b);
}

static void on_step(void *context, const struct phase_state *state, const struct fold_touch *touch)
{
	struct history *history = context;
	struct oracle *oracle = history->oracle;
	struct phase_view view;
	fold_view(&oracle->model->processes[history->process], state, touch->ms, &view);
	int64_t at_us = touch->ms * 1000;
	history->since_us =
		history->since_us == INT64_MIN || view.shown != history->shown ? at_us : history->since_us;
	if (view.shown != history->shown) {
		struct change_line line = {history->contact,
					   tables_text(oracle->model->model->processes[history->process].name),
					   at_us,
					   history->shown,
					   view.shown,
					   touch->id};
		CHECK(tables_insert(oracle->tables, TABLE_CHANGE, &line));
		history->shown = view.shown;
	}
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
	fold_all(process, history->touches, history->count, scratch, &state, NULL, on_step, history);
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
	};
	if (state.moved) {
		fold_view(process, &state, state.counted_ms, &view);
		line.counted = state.counted;
		line.confirmed = state.confirmed;
		line.activity = view.activity;
		line.early = view.main[MAIN_EARLY];
		line.mid = view.main[MAIN_MID];
		line.late = view.main[MAIN_LATE];
		line.reported = view.reported;
		line.shown = view.shown;
		line.fine = view.fine;
		line.band = view.band;
		line.since_us = history->since_us;
		line.last_us = state.counted_ms * 1000;
	}
	CHECK(tables_insert(oracle->tables, TABLE_PHASE, &line));
}

static void fill_phases(struct oracle *oracle)
{
	static struct history histories[2 * PLAN_MESSAGES_MAX];
	size_t used = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		struct uuid contact;
		bool counts =
			seen->stands && seen->touch.reasons == 0 &&
			(seen->match.confirm != 0 || (seen->touch.party == PARTY_PERSON && seen->match.rule >= 0));
		if (!counts || !contact_of(oracle, seen, &contact)) {
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
		bool confirms = seen->match.confirm != 0;
		histories[at].touches[histories[at].count++] = (struct fold_touch){
			.ms = moment_floor(seen->touch.at_us, 1000),
			.id = seen->touch.event_id,
			.kind = confirms ? FOLD_CONFIRM : FOLD_TOUCH,
			.rule = confirms ? seen->match.confirm : (uint16_t)seen->match.rule,
			.mail_click = !confirms && seen->match.mail_click,
			.link = seen->match.link,
		};
	}
	for (size_t i = 0; i < used; i++) {
		fill_phase(&histories[i]);
	}
}

/* ---- all ---- */

static size_t list_exempt(const struct oracle *oracle, struct uuid *ret_exempt)
{
	size_t count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct seen *seen = &oracle->seen[i];
		for (unsigned j = 0; !seen->stands && j < seen->facts.consent_count; j++) {
			if (seen->facts.consents[j].purpose == PURPOSE_PROFILE &&
			    seen->facts.consents[j].state != STATEMENT_GRANTED) {
				ret_exempt[count++] = seen->facts.consents[j].actor_id;
			}
		}
	}
	return count;
}

void oracle_tables(const struct plan *plan, const struct drive *drive, struct arena *arena,
		   struct tables *ret_tables, struct uuid ret_exempt[static PLAN_MESSAGES_MAX],
		   size_t *ret_exempt_count)
{
	static struct oracle oracle;
	static struct matcher *matcher;
	struct fail fail;
	if (matcher == NULL) {
		matcher = matcher_create(drive_model(drive)->model, &fail);
		CHECK(matcher != NULL);
	}
	oracle = (struct oracle){.drive = drive,
				 .model = drive_model(drive),
				 .matcher = matcher,
				 .arena = arena,
				 .tables = ret_tables};
	for (size_t i = 0; i < plan->count; i++) {
		if (!plan->messages[i].left_out) {
			understand(&oracle, plan, &plan->messages[i]);
		}
	}
	choose(&oracle);
	gather_facts(&oracle);
	fill_touches(&oracle);
	fill_persons(&oracle);
	fill_subjects(&oracle);
	fill_outcomes(&oracle);
	fill_phases(&oracle);
	*ret_exempt_count = list_exempt(&oracle, ret_exempt);
}

static bool is_exempt(const struct uuid *id, const struct uuid *exempt, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (uuid_equal(&exempt[i], id)) {
			return true;
		}
	}
	return false;
}

void oracle_forget_values(struct tables *tables, const struct uuid *exempt, size_t count)
{
	for (size_t i = tables_count(tables, TABLE_DECLARED); i-- > 0;) {
		if (is_exempt(&((struct declared_line *)tables_row(tables, TABLE_DECLARED, i))->actor_id, exempt,
			      count)) {
			tables_delete(tables, TABLE_DECLARED, i);
		}
	}
	for (size_t i = 0; i < tables_count(tables, TABLE_CONTACT); i++) {
		struct contact_line *line = tables_row(tables, TABLE_CONTACT, i);
		if (is_exempt(&line->id, exempt, count)) {
			*line = (struct contact_line){.id = line->id, .may_write = line->may_write};
		}
	}
	for (size_t i = 0; i < tables_count(tables, TABLE_ACTOR); i++) {
		struct actor_line *line = tables_row(tables, TABLE_ACTOR, i);
		if (is_exempt(&line->id, exempt, count)) {
			line->value = NULL;
		}
	}
}
